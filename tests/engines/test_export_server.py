"""An exported server is told to install all that its steps import."""

import numpy as np
import pytest

from aiaas_magics.engines import export_server, prepare, train
from aiaas_magics.specs.exporting import ExportServerSpec
from aiaas_magics.specs.prepare import PrepareSpec
from aiaas_magics.specs.train import TrainSpec
from aiaas_magics.testing import tiers
from aiaas_magics.testing.context import LocalContext


@pytest.mark.parametrize(("scale", "wanted"), [("quantile", True), ("standard", False)])
def test_a_step_that_imports_a_library_names_it(tmp_path, scale, wanted):
    context = LocalContext(tmp_path)
    frame = tiers.table()[["x", "n"]].assign(y=lambda t: np.where(t["x"] > 0, "up", "down"))
    data = context.save_frame(frame)
    prepare.run(PrepareSpec(data=data, as_="clean", target="y", scale=scale), context)
    train.run(TrainSpec(data="clean", target="y", algo="decision_tree", as_="m"), context)
    said = export_server.run(ExportServerSpec(model="m", as_="m-api"), context)
    assert said.tier == "onnx-float64"
    assert any(line.startswith("scipy==") for line in said.packages) == wanted
    assert not any(line.startswith(("scikit-learn", "pandas")) for line in said.packages)
