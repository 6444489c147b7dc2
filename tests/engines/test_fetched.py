"""Tables that scikit-learn fetches: from a filled cache without a network, three lines without either."""

import gzip
import hashlib
import json
import pickle
import zlib

import joblib
import numpy as np
import pytest
from sklearn.utils import Bunch

from aiaas_magics import errors
from aiaas_magics.engines import catalogue, data, fetched
from aiaas_magics.specs.data import DataSpec
from aiaas_magics.testing.context import LocalContext

ARFF = b"""@relation pets
@attribute weight numeric
@attribute colour {red, 'light <b>'}
@attribute kind {cat, dog}
@data
1.5,red,cat
?,'light <b>',dog
30,red,dog
"""
FEATURES = [
    {"index": str(i), "name": name, "data_type": kind, "is_target": str(i == 2).lower(),
     "is_ignore": "false", "number_of_missing_values": "0", "is_row_identifier": "false", "nominal_value": values}
    for i, (name, kind, values) in enumerate([
        ("weight", "numeric", []), ("colour", "nominal", ["red", "light <b>"]), ("kind", "nominal", ["cat", "dog"]),
    ])
]  # fmt: skip
DESCRIPTION = {
    "id": "61", "name": "pets", "version": "1", "format": "ARFF", "licence": "CC0", "status": "active",
    "description": "some pets", "default_target_attribute": "kind", "file_id": "61",
    "url": "https://www.openml.org/data/v1/download/61/pets.arff",
    "md5_checksum": hashlib.md5(ARFF).hexdigest(),
}  # fmt: skip
QUALITIES = [{"name": "NumberOfInstances", "value": "3"}]
FOUND = {"data": {"dataset": [{"did": 61, "version": 1, "status": "active"}]}}
API = "openml/openml.org/api/v1/json/data/"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, on a machine without a network."""

    def no_network(*args, **kwargs):
        raise OSError("Network is unreachable")

    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.create_connection", no_network)
    monkeypatch.setattr(fetched, "TRIES", {"n_retries": 1, "delay": 0.01})
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return tmp_path / "cache"


def fill(folder, files):
    for name, body in files.items():
        path = folder / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        path.write_bytes(gzip.compress(raw))


@pytest.fixture
def openml(cache):
    fill(cache, {
        f"{API}61": {"data_set_description": DESCRIPTION},
        f"{API}features/61": {"data_features": {"feature": FEATURES}},
        f"{API}qualities/61": {"data_qualities": {"quality": QUALITIES}},
        f"{API}list/data_name/pets/limit/2/status/active/": FOUND,
        f"{API}list/data_name/pets/limit/2/data_version/1": FOUND,
        "openml/openml.org/data/v1/download/61/pets.arff": ARFF,
    })  # fmt: skip
    return cache


@pytest.mark.parametrize("word", ["openml:61", "openml:pets", "openml:Pets@1"])
def test_a_table_of_openml_comes_from_the_cache(openml, word):
    frame, notes = fetched.openml(word)
    assert frame["kind"].tolist() == ["cat", "dog", "dog"]
    assert frame["weight"].isna().tolist() == [False, True, False]
    assert notes == (f"{word} is pets: target kind, licence CC0, version 1",)


def test_it_is_stored_with_where_it_came_from(openml, tmp_path):
    context = LocalContext(tmp_path / "home")
    result = data.run(DataSpec(as_="pets", catalogue="openml:61"), context)
    assert (result.source, result.rows) == ("catalogue:openml:61", 3)
    assert "licence CC0" in result.warnings[0]
    own = data.run(DataSpec(as_="own", catalogue="openml:61", entry="animals"), context)
    assert own.source == "catalogue:animals"


@pytest.mark.parametrize("word", ["openml:62", "openml:birds", "openml:pets@2"])
def test_what_is_neither_here_nor_reachable_says_what_to_do(openml, word):
    with pytest.raises(errors.DataError) as caught:
        fetched.openml(word)
    assert caught.value.what == f"{word} is not on this machine, and could not be fetched"
    assert str(openml) in caught.value.try_
    assert len(caught.value.lines()) == 3


def test_a_damaged_cache_is_told(openml):
    fill(openml, {"openml/openml.org/data/v1/download/61/pets.arff": b"nothing"})
    with pytest.raises(errors.DataError):
        fetched.openml("openml:61")


def test_a_set_of_scikit_learn_comes_from_its_cache(cache):
    cache.mkdir()
    rows = np.arange(1.0, 28.0).reshape(3, 9)
    joblib.dump(rows, cache / "cal_housing_py3.pkz", compress=6)
    frame = catalogue.load("california_housing")
    assert frame.shape == (3, 9)
    assert frame.columns[-1] == "MedHouseVal"


def test_messages_come_with_their_group(cache):
    cache.mkdir()
    part = Bunch(
        data=["hello", "you"],
        target=np.array([1, 0]),
        target_names=["a", "b"],
        filenames=np.array(["1", "2"]),
    )
    body = pickle.dumps({"train": part, "test": part})
    (cache / "20news-bydate_py3.pkz").write_bytes(zlib.compress(body))
    frame = catalogue.load("20newsgroups")
    assert sorted(zip(frame["message"], frame["group"], strict=True))[::2] == [
        ("hello", "b"),
        ("you", "a"),
    ]


@pytest.mark.parametrize("name", sorted(fetched._FETCHED))
def test_a_set_that_cannot_be_fetched_says_what_to_do(cache, name):
    with pytest.raises((errors.DataError, errors.MissingLibrary)) as caught:
        catalogue.load(name)
    assert name in caught.value.what
    assert len(caught.value.lines()) == 3
