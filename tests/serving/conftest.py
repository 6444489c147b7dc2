"""Models as they are served, without a process: trained by the engine, asked through the protocol."""

import json

import pytest

from aiaas_magics.engines import learning, train
from aiaas_magics.engines.models import artefacts
from aiaas_magics.predictors.sklearn import SklearnPredictor
from aiaas_magics.serving.protocols import predict
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.context import LocalContext


class Served:
    """A trained model, opened from its folder, and the rows it learned from."""

    def __init__(self, frame, folder, algo, **more):
        self.context = LocalContext(folder)
        address = self.context.save_frame(frame)
        spec = TrainSpec(data=address, target="y", algo=algo, as_="m", **more)
        self.info, path = self.context.model(train.run(spec, self.context).ref)
        self.X = learning.assemble(spec, self.context).X
        self.raw = self.context.frame(address).drop(columns="y")
        self.pipeline = artefacts.load(path)
        self.signature = self.info.signature
        self.predictor = SklearnPredictor(self.pipeline, self.signature)

    def ask(self, **asked):
        """Return the decoded answer to a request."""
        return json.loads(predict.answer(json.dumps(asked).encode(), self.predictor)[0])


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """Train a model on a table with the target ``y`` and open it for serving."""

    def make(frame, algo, **more):
        return Served(frame, tmp_path_factory.mktemp("served"), algo, **more)

    return make
