"""Seals: a home signs what its workers wrote, and opens only what is as it was signed.

A seal is ``seal.json`` in an artefact's folder: the sha256 of every other file, the home's public
key, and an Ed25519 signature (RFC 8032) over both.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiaas_magics import errors
from aiaas_magics.security.keys import read_secret, write_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEAL = "seal.json"


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below `folder` but the seal, by its POSIX path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    found = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file():
            what = "a link" if path.is_symlink() else "no file"
            raise errors.SealError(f"{name} is {what}", "artefacts hold plain files only")
        if name != SEAL:
            found[name] = file_digest(path)
    return found


def digest_of(digests: dict[str, str]) -> str:
    """Return one address for a set of files: sha256 over their sorted digests."""
    body = json.dumps(digests, sort_keys=True, separators=(",", ":")).encode()
    return "sha256:" + hashlib.sha256(body).hexdigest()


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the home's key, made at first use."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = read_secret(path)
    if secret is None:
        secret = write_secret(path, Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(secret)


def seal(folder: Path, key: Ed25519PrivateKey) -> str:
    """Sign the files in `folder`, write the seal beside them, return their common address."""
    digests = folder_digests(folder)
    address = digest_of(digests)
    body = {
        "files": digests,
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(address.encode()).hex(),
    }
    (folder / SEAL).write_text(json.dumps(body, indent=1, sort_keys=True))
    return address


def check(folder: Path, key: Ed25519PrivateKey) -> str:
    """Return the address of a folder whose seal holds.

    Raises
    ------
    SealError
        If there is no seal, it is another home's, its signature is wrong, or a file was changed,
        added or removed.
    """
    from cryptography.exceptions import InvalidSignature

    body = _read(folder)
    digests, public = body["files"], key.public_key()
    if body["public_key"] != public.public_bytes_raw().hex():
        raise _broken(folder, "it was sealed by another home")
    try:
        public.verify(bytes.fromhex(body["signature"]), digest_of(digests).encode())
    except (InvalidSignature, TypeError, ValueError) as error:
        raise _broken(folder, "its signature is wrong") from error
    found = folder_digests(folder)
    changed = sorted(name for name in {*digests, *found} if digests.get(name) != found.get(name))
    if changed:
        raise _broken(folder, f"changed since it was sealed: {', '.join(changed)}")
    return digest_of(digests)


def _read(folder: Path) -> dict[str, Any]:
    try:
        body = json.loads((folder / SEAL).read_text())
    except (OSError, ValueError) as error:
        raise _broken(folder, "it has no readable seal") from error
    if not isinstance(body, dict) or set(body) != {"files", "public_key", "signature"}:
        raise _broken(folder, "its seal is malformed")
    return body


def _broken(folder: Path, why: str) -> errors.SealError:
    name = f"{folder.parent.name}@{folder.name}"
    return errors.SealError(f"{name} is not opened", why, "train the model again")
