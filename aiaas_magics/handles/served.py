"""Handles of what answers: endpoints and their predictions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from aiaas_magics.cards import cards, endpoints, page, style
from aiaas_magics.cards.page import Card
from aiaas_magics.handles.base import Handle, plain
from aiaas_magics.handles.made import Data
from aiaas_magics.specs import rollout
from aiaas_magics.specs.base import JSON
from aiaas_magics.specs.builds import Verdict
from aiaas_magics.specs.jobs import Event
from aiaas_magics.specs.records import ENDED, EndpointInfo, Share
from aiaas_magics.specs.schema import Note

if TYPE_CHECKING:
    import pandas as pd

    from aiaas_magics.session import Session


class Endpoint(Handle):
    """A model behind an address."""

    def __init__(
        self,
        session: Session,
        info: EndpointInfo,
        warnings: Sequence[str] = (),
        done: str = "",
        *,
        added: str = "",
        kept: Sequence[str] = (),
    ) -> None:
        self._session, self.info, self._warnings = session, info, tuple(warnings)
        self._done, self._added, self._kept = done, added, tuple(kept)

    @property
    def ref(self) -> str:
        """The endpoint's name."""
        return self.info.name

    @property
    def url(self) -> str:
        """``http://127.0.0.1:port``."""
        return self.info.url

    @property
    def token(self) -> str:
        """What a request must bear; never shown."""
        return self.info.token or ""

    @property
    def curl(self) -> str:
        """A line that asks the endpoint from a terminal."""
        body = json.dumps(self.info.example, ensure_ascii=False)
        return cards.curl(self.info, body, self._session.home_words)

    @property
    def verdict(self) -> Proof | None:
        """How every tier of the main version, or of the one just added, fared at the parity gate; None where there was none."""
        wanted = self._added or self.info.model
        found = next((v.verdict for v in self.info.versions if v.model == wanted), None)
        return None if found is None else Proof(found)

    def predict(self, data: object, rows: int | None = None) -> Handle:
        """Predict rows of a DataFrame or of stored data."""
        data = data.ref if isinstance(data, Data) else data
        return self._session.run(
            "predict", "", {"endpoint": self.ref, "data": data, "rows": rows}, None
        )

    @property
    def versions(self) -> tuple[Share, ...]:
        """What it serves: the main version first, then canaries and shadows."""
        return rollout.served(self.info)

    def promote(self, version: str | None = None) -> Handle:
        """Let the canary, or another of its versions, answer all."""
        return self._run("promote", version=version)

    def rollback(self) -> Handle:
        """Take back the last step: the canary, else go to the version before."""
        return self._run("rollback")

    def drop(self, version: str | None = None) -> Handle:
        """Let a canary or a shadow go."""
        return self._run("drop", version=version)

    def scale(self, workers: int) -> Handle:
        """Change the number of serving processes."""
        return self._run("scale", workers=workers)

    def history(self) -> Handle:
        """Return what it serves, served, and who changed it."""
        return self._run("versions")

    def stop(self) -> Handle:
        """End the endpoint."""
        return self._run("stop")

    def _run(self, action: str, **words: object) -> Handle:
        return self._session.run("endpoints", action, {"endpoint": self.ref, **words}, None)

    def record(self) -> dict[str, JSON]:
        """Return the endpoint's record, without its token."""
        return plain(self.info)

    def line(self) -> str:
        """Return the one line: what was done, or what it is."""
        return self._done or cards.endpoint_line(self.info)

    def card(self) -> Card:
        """Return how to reach it; after a change, what was done and what it serves now."""
        if self._done:
            table = endpoints.table(self.versions)
            back = page.following(f"%aiaas_endpoints versions {self.ref}")
            return page.card(self._done, page.soft(cards.endpoint_line(self.info)), table, back)
        next_ = f"%aiaas_predict {self.ref} DATA --rows 5"
        if self._added:
            next_ = f"%aiaas_monitor {self.ref}"
        if self.info.state in ENDED:
            next_ = f"%aiaas_deploy {self.info.model} --as {self.ref}"
        return cards.endpoint_card(
            self.info, self.curl, self._warnings, next_, self._added, self._kept
        )


class Proof(Handle):
    """The parity gate's verdict on a model, and how each tier fared."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    @property
    def ref(self) -> str:
        """The model."""
        return self.verdict.model

    @property
    def tier(self) -> str:
        """The one that serves."""
        return self.verdict.tier

    def record(self) -> dict[str, JSON]:
        """Return the verdict."""
        return plain(self.verdict)

    def line(self) -> str:
        """Return the one line."""
        return f"{self.ref}: {self.verdict.sentence()}"

    def card(self) -> Card:
        """Return the tiers."""
        return endpoints.proof_card(self.verdict)


class Versions(Handle):
    """What an endpoint serves and served, and who changed it."""

    def __init__(
        self, info: EndpointInfo, steps: Sequence[Event], gone: Collection[str] = ()
    ) -> None:
        self.info, self.steps, self._gone = info, list(steps), frozenset(gone)

    @property
    def ref(self) -> str:
        """The endpoint's name."""
        return self.info.name

    def __iter__(self) -> Iterator[Share]:
        return iter(rollout.served(self.info))

    def record(self) -> dict[str, JSON]:
        """Return the versions and the steps."""
        served = [plain(share) for share in self]
        past = [plain(share) for share in (*self.info.past, *self.info.undone)]
        steps = [plain(step) for step in self.steps]
        return {"kind": "versions", "served": served, "past": past, "steps": steps}

    def line(self) -> str:
        """Return the one line."""
        words = (f"{each.model} {each.role} {endpoints.part(each)}" for each in self)
        return f"{self.ref}: {', '.join(words)}"

    def card(self) -> Card:
        """Return the tables."""
        return endpoints.versions_card(self.info, list(self), self.steps, self._gone)


class Prediction(Handle):
    """Rows beside their predictions."""

    MOST = 20

    def __init__(
        self, endpoint: str, target: str, frame: pd.DataFrame, warnings: Sequence[Note] = ()
    ) -> None:
        self.endpoint, self.target, self.frame = endpoint, target, frame
        self.warnings = tuple(warnings)

    @property
    def values(self) -> list[JSON]:
        """The predictions."""
        found: list[JSON] = self.frame["prediction"].tolist()
        return found

    def __len__(self) -> int:
        return len(self.frame)

    def record(self) -> dict[str, JSON]:
        """Return the predictions."""
        said = {"kind": "prediction", "endpoint": self.endpoint, "y_pred": self.values}
        notes = [plain(note) for note in self.warnings]
        return said | ({"warnings": notes} if notes else {})

    def line(self) -> str:
        """Return the one line."""
        values = [style.one_line(style.number(value), most=20) for value in self.values[:5]]
        shown = ", ".join([*values, *(["..."] if len(self) > 5 else [])])
        what = f"{style.plural(len(self), 'prediction')} of {style.one_line(self.target)}"
        return f"{self.endpoint}: {what}: {shown}"

    def card(self) -> Card:
        """Return the first rows, predictions first."""
        last = [name for name in ("prediction", "probability") if name in self.frame.columns]
        names = [*last, *(name for name in self.frame.columns if name not in last)][:10]
        head = self.frame[names].head(self.MOST)
        plain = head.astype("object").where(head.notna(), None)
        rows = [tuple(map(style.number, row)) for row in plain.itertuples(index=False)]
        numeric = frozenset(i for i, name in enumerate(names) if head[name].dtype.kind in "iuf")
        table = page.Table(tuple(names), rows, numeric)
        told = [page.warning(note.sentence()) for note in self.warnings]
        return page.card(self.line(), *told, table, page.soft(self._rest(len(names))))

    def _rest(self, columns: int) -> str:
        """Return what the card leaves out, in words."""
        hidden = len(self.frame.columns) - columns
        parts = [f"the first {self.MOST} shown"] if len(self) > self.MOST else []
        parts += [style.plural(hidden, "more column")] if hidden else []
        return ", ".join([style.plural(len(self), "row"), *parts]) if parts else ""
