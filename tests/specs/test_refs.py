"""Names, versions, aliases, addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiaas_magics import errors
from aiaas_magics.specs import refs

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)


@given(NAMES, st.one_of(st.none(), st.integers(1, 10**6), NAMES))
def test_what_is_written_is_read(name, tail):
    text = name if tail is None else f"{name}@{tail}"
    ref = refs.parse(text)
    assert str(ref) == text
    assert ref.name == name
    assert (ref.version if isinstance(tail, int) else ref.alias) == tail


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "1a",
        "../etc",
        "a/b",
        "a b",
        "a..b",
        "a.",
        "ä",
        "a@",
        "a@0",
        "a@b@c",
        "x" * 64,
        "a\n",
        "@1",
        "-a",
        "a@²",
    ],
)
def test_what_cannot_be_a_ref_is_refused(bad):
    with pytest.raises(errors.SpecError):
        refs.parse(bad)


@given(st.text())
def test_any_text_is_a_ref_or_refused(text):
    try:
        assert str(refs.parse(text)).partition("@")[0] == text.partition("@")[0]
    except errors.SpecError as error:
        assert len(error.lines()) <= 3


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("sha256:" + "0" * 64, True),
        ("sha256:" + "0" * 63, False),
        ("sha256:" + "G" * 64, False),
        ("clf", False),
    ],
)
def test_addresses_by_content(text, is_one):
    assert refs.is_digest(text) is is_one
