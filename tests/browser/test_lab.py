"""The first notebook in a real JupyterLab: stored charts are drawn, a run shows progress and no error."""

from __future__ import annotations

import nbformat
import pytest

pytestmark = pytest.mark.browser

OPEN = "path => window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'})"
COMMAND = "([id, args]) => { window.jupyterapp.commands.execute(id, args); }"  # not awaited
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
BUSY = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const cells = [...panel.content.widgets].filter(c => c.model.type === 'code');
  return cells.every(c => c.model.executionCount !== null && c.model.executionState !== 'running');
}"""


@pytest.fixture
def page(browser, lab):
    """JupyterLab in a window of a common size, workspace empty, dialogs closed."""
    _, url = lab
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(url + "lab?reset")
    page.wait_for_function("() => window.jupyterapp && window.jupyterapp.restored", timeout=60_000)
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    yield page
    page.close()


def notebook(page, path):
    """Open a notebook and return once its kernel is idle."""
    page.evaluate(OPEN, path)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=30_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=60_000)


def theme(page, name):
    page.evaluate(COMMAND, ["apputils:change-theme", {"theme": name}])


def charts(page):
    return page.locator(".jp-RenderedVegaCommon5 canvas, .jp-RenderedVegaCommon5 svg")


@pytest.mark.parametrize("look", ["JupyterLab Light", "JupyterLab Dark"])
def test_stored_charts_are_drawn_by_jupyterlab(page, look, tmp_path):
    notebook(page, "01_first_model.ipynb")
    theme(page, look)
    charts(page).first.wait_for(timeout=30_000)
    assert charts(page).count() >= 1
    page.screenshot(path=tmp_path / f"{look}.png")


@pytest.fixture
def long_search(lab):
    """A notebook of a search that lasts some seconds, without docs_mode."""
    root, _ = lab
    source = [
        "%load_ext aiaas_magics\n%aiaas_data load breast_cancer --as cancer",
        "%aiaas_tune cancer --target diagnosis --algo random_forest --as best"
        " n_estimators=[200,400] min_samples_leaf=[1,2,4,8]",
    ]
    cells = [nbformat.v4.new_code_cell(text) for text in source]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), root / "search.ipynb")
    return "search.ipynb"


def test_a_long_search_shows_progress_then_charts(page, long_search):
    notebook(page, long_search)
    page.evaluate(COMMAND, ["notebook:run-all-cells", {}])
    page.wait_for_selector(
        ".jp-OutputArea .widget-hprogress, .jp-OutputArea progress", timeout=60_000
    )
    page.wait_for_function(BUSY, timeout=120_000)
    charts(page).first.wait_for(timeout=30_000)
    assert (
        page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").count()
        == 0
    )
