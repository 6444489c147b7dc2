"""Models of the catalogue on their way to an endpoint."""

import pytest

from aiaas_magics.engines import train
from aiaas_magics.engines.models import artefacts
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing.context import LocalContext


@pytest.fixture
def context(tmp_path):
    return LocalContext(tmp_path)


@pytest.fixture
def trained(context):
    """Train on a table with the target ``y``; the record, the folder, the pipeline as it is opened, the raw rows."""

    def learn(frame, algo, **more):
        address = context.save_frame(frame)
        spec = TrainSpec(data=address, target="y", algo=algo, as_="m", **more)
        info, folder = context.model(train.run(spec, context).ref)
        return info, folder, artefacts.load(folder), context.frame(address)

    return learn
