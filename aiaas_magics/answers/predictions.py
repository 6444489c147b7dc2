"""What an endpoint is asked: rows go there over HTTP and come back with predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiaas_magics import errors, frames, handles
from aiaas_magics.cards import style
from aiaas_magics.handles import Handle
from aiaas_magics.specs.records import ModelInfo

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session

Values = dict[str, Any]


def predict(session: Session, values: Values) -> Handle:
    """Return the predictions of an endpoint beside the rows it was asked about."""
    from aiaas_magics.serving import client

    session.settle(str(values["endpoint"]))
    info = session.endpoint(str(values["endpoint"]))
    if info.state != "READY":
        hint = {
            "STOPPED": "it was stopped",
            "LOST": "its process is gone",
            "FAILED": "it did not start",
        }
        raise errors.EndpointError(
            f"{info.name} does not run",
            hint.get(info.state, "it is starting"),
            f"%aiaas_deploy {info.model} --as {info.name}",
        )
    model = session.model(info.model)
    schema = values.get("schema")
    table = _table(session, values["data"], values.get("rows"))
    frame = _inputs(table, model, schema)
    said = client.predict(
        info.url,
        info.token or "",
        frames.records(_whole(frame, model, f"%aiaas_predict {info.name}", values)),
        timeout=float(values.get("timeout", 30.0)),
        proba=True,
        schema=schema,
        keys=_keys(table, values.get("key"), info.name),
    )
    answer = frame.reset_index(drop=True)
    made = {"prediction": said["y_pred"]}
    if "y_proba" in said:
        made["probability"] = [max(row) for row in said["y_proba"]]
    if len(set(said.get("versions", ()))) > 1:
        made["version"] = said["versions"]
    taken = [name for name in made if name in answer.columns]
    answer = answer.rename(columns={name: f"{name} (input)" for name in taken}).assign(**made)
    return handles.Prediction(info.name, info.target, answer, said.get("warnings", ()))


def _table(session: Session, word: object, rows: int | None) -> pd.DataFrame:
    """Return the raw rows that are meant, with all their columns: of prepared data those it was prepared from."""
    from aiaas_magics.engines import recipe

    if rows is not None and rows < 1:
        raise errors.UsageError(f"--rows {rows} is no number of rows", "at least one", "--rows 5")
    if isinstance(word, str):
        session.settle(word)
        info = session.data(word)
        frame = recipe.rows(session.read(info.base or info.frame), recipe.steps_of(info.steps))
    else:
        frame = frames.as_table(word)
        _check_raw(session, frame)
        frame = frame.set_axis(frames.column_names(frame), axis=1)
    return frame.head(rows) if rows is not None else frame


def _inputs(frame: pd.DataFrame, model: ModelInfo, schema: str | None) -> pd.DataFrame:
    """Return the columns a model is asked about; where what is sure is to be fixed, one that may have gaps can be absent."""
    needed = model.signature.required if schema == "fix" else ()
    names = [
        n
        for n, _ in model.signature.inputs
        if not (schema == "fix" and n not in needed and n not in frame)
    ]
    for name in names:
        if name not in frame.columns:
            raise errors.DataError(
                f"no column {name!r}",
                errors.did_you_mean(name, frame.columns),
                f"%aiaas_models show {model.ref}",
            )
    chosen: pd.DataFrame = frame[names]
    return chosen


def _keys(frame: pd.DataFrame, column: str | None, endpoint: str) -> list[str] | None:
    """Return what each row's request bears as its key; None: nothing."""
    from aiaas_magics.gauges.samples import key_word

    if column is None:
        return None
    if column not in frame.columns:
        near = errors.nearest(column, map(str, frame.columns)) or "COLUMN"
        hint = errors.did_you_mean(column, map(str, frame.columns))
        raise errors.DataError(
            f"no column {column!r}", hint, f"%aiaas_predict {endpoint} DATA --key {near}"
        )
    gaps = frame[column].isna().to_numpy()
    if gaps.any():
        raise errors.DataError(
            f"row {int(gaps.argmax())} has no key in column {column!r}",
            f"{style.plural(int(gaps.sum()), 'row')} without one",
            f"df.dropna(subset=[{column!r}])",
        )
    return frame[column].map(key_word).tolist()


def _check_raw(session: Session, frame: pd.DataFrame) -> None:
    ref = frame.attrs.get(frames.ATTR)
    try:
        prepared = ref is not None and bool(session.data(ref).steps)
    except errors.NotFound:  # forgotten, or of another home
        prepared = False
    if prepared:
        raise errors.DataError(
            f"this table is {ref}, which is prepared already",
            "the model prepares its rows by itself: give it raw ones",
            f"ref:{str(ref).partition('@')[0]}",
        )


def _whole(frame: pd.DataFrame, model: ModelInfo, line: str, values: Values) -> pd.DataFrame:
    """Return the rows if all can be answered; else say how many cannot, and the `line` that leaves them out."""
    gaps = frame[[name for name in model.signature.required if name in frame]].isna()
    count = int(gaps.any(axis=1).sum())
    if not count:
        return frame
    names = [str(name) for name in gaps.columns[gaps.any()]]
    word = values.get("data word")
    left = f"{word or 'df'}.dropna(subset={names})"
    raise errors.DataError(
        f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} missing in {count:,} of {len(frame):,} rows",
        "the model was trained without gaps there",
        f"{line} {{{left}}}" if word else left,
    )
