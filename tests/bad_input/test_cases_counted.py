"""How many cases of bad input are declared with what comes of each: a table that is cut is noticed."""

import runpy
from pathlib import Path

HERE = Path(__file__).parent


def declared():
    files, tables, requests, searches = (
        runpy.run_path(str(HERE / f"test_bad_{what}.py"))
        for what in ("files", "tables", "requests", "searches")
    )
    yield from (case[1] for case in [*files["FILES"].values(), *tables["STORED"].values()])
    yield from (case[2] for case in tables["LEARNED"].values())
    yield from (case[1] for case in searches["SEARCHES"].values())
    yield from ("refused" for _ in requests["REFUSED"])


def test_two_hundred_cases_declare_what_comes_of_them():
    outcomes = list(declared())
    assert set(outcomes) == {"fine", "said", "refused"}
    assert len(outcomes) >= 200
