"""Every kind of column keeps the contract."""

import numpy as np
import pandas as pd

from aiaas_magics.testing.modality import ModalityContract


class TestNumber(ModalityContract):
    role = "number"

    def column(self):
        return pd.Series([1.5, None, -2.0, 1e9, 3.25] * 12)

    def unseen(self):
        return pd.Series([1e300, None])


class TestWholeNumber(ModalityContract):
    role = "number"

    def column(self):
        return pd.Series(pd.array([1, None, 3, 40] * 10, dtype="Int64"))

    def unseen(self):
        return pd.Series(pd.array([7, None], dtype="Int64"))


class TestBoolean(ModalityContract):
    role = "boolean"

    def column(self):
        return pd.Series(pd.array([True, None, False, True] * 10, dtype="boolean"))

    def unseen(self):
        return pd.Series(pd.array([None, True], dtype="boolean"))


class TestCategory(ModalityContract):
    role = "category"

    def column(self):
        return pd.Series(["red", None, "green", "blue", "red"] * 12)

    def unseen(self):
        return pd.Series(["mauve", None])


class TestManyCategories(ModalityContract):
    role = "category"

    def column(self):
        return pd.Series([f"part {i % 70}" for i in range(300)] + [None])

    def unseen(self):
        return pd.Series(["part 1000", None])


class TestPandasCategory(ModalityContract):
    role = "category"

    def column(self):
        return pd.Series(pd.Categorical([3, 1, None] * 12, categories=[3, 2, 1]))

    def unseen(self):
        return pd.Series(pd.Categorical([9, None]))


class TestDate(ModalityContract):
    role = "date"

    def column(self):
        days = pd.Series(pd.date_range("2020-02-28", periods=40, freq="7h", unit="s"))
        return days.where(np.arange(40) % 5 != 3)

    def unseen(self):
        return pd.Series(pd.to_datetime(["1969-12-31", None]))


class TestDateWithZone(TestDate):
    def column(self):
        return super().column().dt.tz_localize("Europe/Berlin", ambiguous=True)


class TestText(ModalityContract):
    role = "text"

    def column(self):
        words = "the parcel with order {} came late and it was wet".format
        return pd.Series([words(i) if i % 7 else None for i in range(60)])

    def unseen(self):
        return pd.Series(["qualche parola sconosciuta", None])
