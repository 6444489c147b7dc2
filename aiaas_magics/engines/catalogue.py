"""The tables of the catalogue; :mod:`aiaas_magics.specs.catalogue` describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from aiaas_magics.engines import fetched
from aiaas_magics.specs import catalogue


def load(name: str) -> pd.DataFrame:
    """Return a table of the catalogue, built in or fetched. Raises `NotFound`, `DataError`."""
    catalogue.find(name)
    return _READERS[name]() if name in _READERS else fetched.load(name)


def _bundled(loader: str, target: str) -> pd.DataFrame:
    """Return a data set that lies inside scikit-learn; classes go by their names."""
    from sklearn import datasets

    found: Any = getattr(datasets, loader)(as_frame=True)
    names = [str(name).replace(" ", "_").replace("_(cm)", "_cm") for name in found.data.columns]
    frame: pd.DataFrame = found.data.set_axis(names, axis=1)
    values = found.target
    if values.dtype.kind == "i" and found.target_names[0] != 0:
        values = pd.Series(np.asarray(found.target_names, dtype=str)[values], dtype="str")
    return frame.assign(**{target: values})


def _linnerud() -> pd.DataFrame:
    from sklearn import datasets

    found: Any = datasets.load_linnerud(as_frame=True)
    frame: pd.DataFrame = found.frame
    return frame


_OPENINGS = (
    "Hello, I wrote to you a week ago and heard nothing.",
    "Good morning, I hope you can help me with this.",
    "This is the second time that it happens to me.",
    "I have been a customer for years and am rather disappointed.",
    "Could somebody please have a look at my case?",
    "Thank you for the quick reply last time.",
)
_TOPICS = {
    "billing": (
        "The invoice shows an amount that I did not agree to.",
        "You charged my card twice for the same order.",
        "I still wait for the refund you promised me.",
        "The discount code was not taken off the total price.",
        "Please send the bill to our accounting department instead.",
    ),
    "delivery": (
        "The parcel has not arrived and tracking shows nothing new.",
        "The driver left the box in the rain in front of the door.",
        "One of the three items is missing from the package.",
        "Can you send it to another address while I am away?",
        "It was promised for Monday and came on Friday.",
    ),
    "technical": (
        "The app closes by itself as soon as I open the settings.",
        "I cannot log in although the password is right.",
        "After the update the screen stays black for minutes.",
        "The battery lasts an hour and gets very hot.",
        "It will not connect to the wireless network any more.",
    ),
}
_CLOSINGS = (
    "Please answer by mail.",
    "You can call me in the evening.",
    "Otherwise I will send everything back.",
    "Kind regards from a patient customer.",
    "What shall I do now?",
)


TICKETS = 600


def _tickets() -> pd.DataFrame:
    """Compose messages; one in eight also holds a phrase of another topic, as people do."""
    rng = np.random.default_rng(20_240_229)
    topics = list(_TOPICS)
    rows = []
    for _ in range(TICKETS):
        topic = topics[rng.choice(3, p=(0.4, 0.35, 0.25))]
        other = topics[rng.integers(3)] if rng.random() < 1 / 8 else topic
        said = [rng.choice(_OPENINGS), *rng.choice(_TOPICS[topic], 2, replace=False)]
        said += [rng.choice(_TOPICS[other]), rng.choice(_CLOSINGS)]
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(minutes=int(rng.integers(366 * 1440)))
        channel = ("mail", "chat", "phone")[rng.choice(3, p=(0.6, 0.3, 0.1))]
        message = " ".join(map(str, said))
        rows.append((day, channel, bool(rng.random() < 0.2), message, topic))
    names = ["received", "channel", "urgent", "message", "topic"]
    return pd.DataFrame(rows, columns=names).astype({"received": "datetime64[s]"})


_READERS: dict[str, Callable[[], pd.DataFrame]] = {
    "iris": lambda: _bundled("load_iris", "species"),
    "wine": lambda: _bundled("load_wine", "cultivar"),
    "breast_cancer": lambda: _bundled("load_breast_cancer", "diagnosis"),
    "digits": lambda: _bundled("load_digits", "digit"),
    "diabetes": lambda: _bundled("load_diabetes", "progression"),
    "linnerud": _linnerud,
    "tickets": _tickets,
}
