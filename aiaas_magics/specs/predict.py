"""Predict: ask an endpoint. No job, no spec: rows go straight to the endpoint's address."""

from __future__ import annotations

from aiaas_magics.specs.schema import MODES
from aiaas_magics.specs.verbs import Action, Kind, Option, Verb

PREDICT = Verb(
    "predict",
    "ask an endpoint",
    "Sends rows to an endpoint over HTTP and shows its predictions beside them. Of prepared data the "
    "raw rows are sent: the model repeats the preparation by itself.",
    (
        Action(
            "",
            "predict rows",
            arguments=(
                Option("endpoint", Kind.ENDPOINT, "the endpoint", required=True),
                Option("data", Kind.DATA, "a DataFrame variable or stored data", required=True),
            ),
            options=(
                Option(
                    "schema",
                    Kind.CHOICE,
                    "rows unlike those learned from: warn, fix or refuse (default: the endpoint's)",
                    choices=MODES,
                ),
                Option(
                    "key",
                    Kind.COLUMN,
                    "a column whose values go along as x-aiaas-key, one request a value: a canary gets its share of "
                    "them, and %aiaas_monitor --labels ... --key finds them again",
                ),
                Option("rows", Kind.INT, "send only the first rows"),
                Option(
                    "timeout",
                    Kind.DURATION,
                    "give up on a request after this long",
                    30.0,
                    metavar="30s",
                ),
            ),
            examples=(
                "%aiaas_predict cancer-api clean --rows 5",
                "%aiaas_predict cancer-api clean --key patient",
            ),
        ),
    ),
)
