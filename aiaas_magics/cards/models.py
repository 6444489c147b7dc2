"""Cards of models that came in, went out, or were compared."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence

from aiaas_magics.cards import page, style
from aiaas_magics.cards.cards import words
from aiaas_magics.cards.page import Card
from aiaas_magics.cards.style import measure, number, plural
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.comparison import ModelComparison
from aiaas_magics.specs.results import ImportResult, ModelExportResult, ServerExportResult

MOST_ROWS = 20
"""Rows of a part that are shown; the record and the DataFrame hold all."""


def import_line(result: ImportResult) -> str:
    """Return an imported model's one line."""
    shown = ", ".join(f"{score.metric} {measure(score.value)}" for score in result.scores)
    on = f", {shown} on {plural(result.rows, 'row')} of the sample" if shown else ""
    return f"{result.ref}: {result.algo} predicting {style.one_line(result.target)}, imported from {style.one_line(result.source)}{on}"


def import_card(result: ImportResult, warnings: Sequence[str]) -> Card:
    """Return what came in, and what is known of it."""
    digest = "" if style.docs_mode() else f" (sha256 {result.digest[:12]})"
    takes = ", ".join(result.features[:8]) + (", ..." if len(result.features) > 8 else "")
    facts: list[tuple[str, ...]] = [
        ("estimator", result.estimator),
        ("parameters", words(result.params) or "all as scikit-learn has them"),
        ("takes", f"{plural(len(result.features), 'column')}: {takes}"),
        ("gives", result.target + _classes(result.classes)),
        (
            "tried on",
            f"{plural(result.rows, 'row')} of the sample" if result.rows else "a row of zeros",
        ),
        ("file", f"{result.source}{digest}, every type checked, sealed anew"),
    ]
    name = result.ref.partition("@")[0]
    return page.card(
        import_line(result),
        *map(page.warning, dict.fromkeys(warnings)),
        page.Table(("", ""), facts),
        page.following(f"%aiaas_deploy {name}"),
    )


def _classes(classes: Sequence[JSON]) -> str:
    if not classes:
        return ""
    more = ", ..." if len(classes) > 8 else ""
    return f": {', '.join(map(str, classes[:8]))}{more}"


NAMES = {"onnx": "ONNX", "skops": "skops", "joblib": "joblib", "mlflow": "an MLflow folder"}
OPENED = {
    "onnx": 'onnxruntime.InferenceSession("{path}")',
    "skops": 'skops.io.load("{path}", trusted=skops.io.get_untrusted_types(file="{path}"))',
    "joblib": 'joblib.load("{path}")',
    "mlflow": 'mlflow.pyfunc.load_model("{path}")',
}
ADVICE = {
    "joblib": "a joblib file is a program: who opens it runs it, and needs the same scikit-learn",
    "skops": "a skops file is no program: it is opened with a list of types that whoever opens it trusts",
}


def file_line(result: ModelExportResult, path: str) -> str:
    """Return a written model's one line."""
    size = "" if style.docs_mode() else f", {style.size(result.size)}"
    where = f" to {path}" if path else ""
    return f"{result.model}: written{where} as {NAMES[result.format]}{size}"


def file_card(result: ModelExportResult, path: str, warnings: Sequence[str]) -> Card:
    """Return what was written, and how to open it."""
    packed = result.format == "mlflow" and path.endswith(".zip")
    return page.card(
        file_line(result, path),
        page.soft(result.checked),
        page.soft(ADVICE.get(result.format, "")),
        *map(page.warning, dict.fromkeys(warnings)),
        None if packed else page.Code(OPENED[result.format].format(path=path)),
    )


def server_line(result: ServerExportResult, path: str) -> str:
    """Return a written server's one line."""
    size = "" if style.docs_mode() else f", {style.size(result.size)} packed"
    where = f" to {path}" if path else ""
    return f"{result.endpoint}: a server of {result.model} written{where}{size}"


def server_card(result: ServerExportResult, path: str, warnings: Sequence[str]) -> Card:
    """Return what was written, how it is built and run, and how it is asked."""
    folder, name = shlex.quote(path), result.endpoint.lower()
    body = json.dumps(result.example, ensure_ascii=False).replace("'", "'\\''")
    return page.card(
        server_line(result, path),
        page.soft(result.verdict),
        page.soft(f"needs {plural(len(result.packages), 'package')} and no notebook"),
        *map(page.warning, dict.fromkeys(warnings)),
        None
        if path.lower().endswith(".zip")
        else page.Code(
            f"docker build -t {name} {folder}\n"
            "export AIAAS_TOKEN=$(openssl rand -hex 32)\n"
            f"docker run --rm -e AIAAS_TOKEN -p 127.0.0.1:{result.port}:{result.port} {name}"
        ),
        page.Code(
            f'curl -s http://127.0.0.1:{result.port}/predict -H "Authorization: Bearer $AIAAS_TOKEN" \\\n'
            f"  -H 'Content-Type: application/json' -d '{body}'"
        ),
    )


def comparison_line(found: ModelComparison) -> str:
    """Return a comparison's one line."""
    return f"{', '.join(found.models)}: {found.summary}"


def comparison_card(found: ModelComparison) -> Card:
    """Return the tables of what differs, and what is the same."""
    tables: list[page.Part | None] = []
    for part in found.parts:
        show = measure if part.title == "scores" else number
        rows = [tuple(_cell(value, show) for value in row) for row in part.rows[:MOST_ROWS]]
        more = len(part.rows) - len(rows)
        tables += [
            page.Table((part.title, *part.columns), rows),
            page.soft(f"and {plural(more, 'row')} more" if more > 0 else ""),
        ]
    return page.card(
        comparison_line(found),
        *map(page.warning, found.warnings),
        *tables,
        page.soft("the same: " + ", ".join(found.same) if found.same else ""),
        page.following(found.following),
    )


def _cell(value: JSON, show: Callable[[float], str]) -> str:
    return show(value) if isinstance(value, float) else number(value)
