"""Seals hold, and break where anything was touched."""

import json
import os
import stat

import pytest

from aiaas_magics import errors
from aiaas_magics.security import keys, sealing, tokens


@pytest.fixture
def key(tmp_path):
    return sealing.signing_key(tmp_path / "seal.key")


@pytest.fixture
def folder(tmp_path, key):
    folder = tmp_path / "clf" / "1"
    (folder / "code").mkdir(parents=True)
    (folder / "model.skops").write_bytes(b"weights")
    (folder / "code" / "x.py").write_text("1")
    sealing.seal(folder, key)
    return folder


def test_a_seal_holds(folder, key):
    assert sealing.check(folder, key) == sealing.check(folder, key)
    assert sealing.check(folder, key).startswith("sha256:")


@pytest.mark.parametrize(
    ("touch", "says"),
    [
        (
            lambda f: (f / "model.skops").write_bytes(b"others"),
            "changed since it was sealed: model.skops",
        ),
        (lambda f: (f / "more").write_bytes(b""), "changed since it was sealed: more"),
        (lambda f: (f / "code" / "x.py").unlink(), "code/x.py"),
        (lambda f: (f / "seal.json").unlink(), "no readable seal"),
        (lambda f: (f / "seal.json").write_text("{}"), "malformed"),
        (lambda f: (f / "seal.json").write_text("["), "no readable seal"),
        (lambda f: (f / "seal.json").unlink() or (f / "seal.json").mkdir(), "no readable seal"),
        (lambda f: (f / "link").symlink_to("/etc/passwd"), "is a link|plain files"),
        (lambda f: (f / "link").symlink_to("/etc"), "link is a link"),
        (lambda f: (f / "code" / "link").symlink_to(f), "code/link is a link"),
        (lambda f: os.mkfifo(f / "pipe"), "pipe is no file"),
    ],
)
def test_a_touched_folder_is_not_opened(folder, key, touch, says):
    touch(folder)
    with pytest.raises(errors.SealError) as caught:
        sealing.check(folder, key)
    assert any(part in " ".join(caught.value.lines()) for part in says.split("|"))


def test_another_home_s_seal_is_not_ours(folder, tmp_path):
    with pytest.raises(errors.SealError) as caught:
        sealing.check(folder, sealing.signing_key(tmp_path / "other.key"))
    assert "another home" in caught.value.hint


@pytest.mark.parametrize("signature", [None, 1, ["00"], {}, "zz", "00", ""])
def test_a_signature_that_is_none_is_wrong(folder, key, signature):
    body = json.loads((folder / "seal.json").read_text())
    (folder / "seal.json").write_text(json.dumps(body | {"signature": signature}))
    with pytest.raises(errors.SealError) as caught:
        sealing.check(folder, key)
    assert caught.value.hint == "its signature is wrong"


def test_a_forged_list_of_files_is_noticed(folder, key):
    (folder / "model.skops").write_bytes(b"others")
    body = json.loads((folder / "seal.json").read_text())
    body["files"]["model.skops"] = sealing.file_digest(folder / "model.skops")
    (folder / "seal.json").write_text(json.dumps(body))
    with pytest.raises(errors.SealError, match="not opened") as caught:
        sealing.check(folder, key)
    assert "signature" in caught.value.hint


def test_secrets_are_their_owner_s_alone_and_written_once(tmp_path):
    path = tmp_path / "secret"
    assert keys.read_secret(path) is None
    assert keys.write_secret(path, b"one") == b"one"
    assert keys.write_secret(path, b"two") == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def test_the_key_stays_the_same(tmp_path):
    first, second = (sealing.signing_key(tmp_path / "k").private_bytes_raw() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic YW55OmFiYw==", "abc"),
        ("basic OmE6Yg==", "a:b"),
        ("Basic YW55", None),
        ("Basic YW55Og==", None),
        ("Basic !", None),
        ("Basic /w==", None),
        ("Basic", None),
        ("Basic abc", None),
        ("Bearer", None),
        (None, None),
        ("", None),
    ],
)
def test_bearer_tokens(header, token):
    assert tokens.bearer(header) == token


def test_tokens_differ_and_match_themselves():
    one, two = tokens.new(), tokens.new()
    assert tokens.matches(one, one)
    assert not tokens.matches(one, two)
    assert len(one) >= 43
