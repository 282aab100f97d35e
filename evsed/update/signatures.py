"""Whether a package was signed by one whose word counts here: the keys that were shipped, and the owner's own.

Owns both key folders and the form of signatures: Ed25519 over the whole package, as ``openssl pkeyutl -sign -rawin``
makes it. ``cryptography`` is imported when there is something to verify and at no other time: finishing an update that
was interrupted has to work while that library is half unpacked.
"""

import base64
import binascii
import hashlib
import mmap
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evsed.update.machine import UpdateError

BUILT_IN: Final = Path("usr/share/evsed/update-keys")
OWNERS: Final = Path("etc/evsed/update-keys")
FOLDERS: Final = (("built_in", BUILT_IN), ("owner", OWNERS))
"""Kinds of keys and their folders, below the root directory."""

LONGEST: Final = 1_024
"""Bytes of a signature's file."""

_SIGNATURE: Final = 64
_LONGEST_KEY: Final = 8_192
_PEM: Final = re.compile(r"-----BEGIN PUBLIC KEY-----\s(.*?)-----END PUBLIC KEY-----", re.DOTALL)
_ED25519: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410)."""

NO_KEY: Final = (
    "no key for updates is on this machine: put the public key of whoever signs your packages into "
    f"/{OWNERS}/ as a .pem file, as root"
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key whose signatures count. ``kind``: built_in or owner."""

    kind: str
    path: Path
    raw: bytes

    @property
    def fingerprint(self) -> str:
        """The first half of the SHA-256 of its SubjectPublicKeyInfo, for people to compare."""
        return hashlib.sha256(_ED25519 + self.raw).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that count, and the files that are none, each with what is wrong with it."""

    found: tuple[Key, ...]
    wrong: tuple[str, ...]


def keys(root: Path = Path("/")) -> Keys:
    """The keys below ``root``. One that is broken takes nothing from the others."""
    found, wrong = [], []
    for kind, folder in FOLDERS:
        try:
            paths = sorted(path for path in (root / folder).iterdir() if path.suffix == ".pem")
            _check_owner((root / folder).stat())
        except FileNotFoundError:
            continue
        except ValueError as error:
            wrong.append(f"{root / folder}: {error}")
            continue
        except OSError as error:
            wrong.append(f"{root / folder}: {error.strerror}")
            continue
        for path in paths:
            try:
                found += [Key(kind, path, raw) for raw in _read(path)]
            except ValueError as error:
                wrong.append(f"{path}: {error}")
            except OSError as error:
                wrong.append(f"{path}: {error.strerror}")
    return Keys(tuple(found), tuple(wrong))


def _read(path: Path) -> list[bytes]:
    """The 32 bytes of each key in ``path``. Raises OSError, ValueError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("this is no file")
        _check_owner(status)
        text = file.read(_LONGEST_KEY + 1).decode("ascii", errors="replace")
    if len(text) > _LONGEST_KEY:
        raise ValueError(f"it is longer than {_LONGEST_KEY} bytes: a file for each key")
    return public_keys(text)


def _check_owner(status: os.stat_result) -> None:
    """Raises ValueError where others than root may write."""
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & 0o022:
        raise ValueError("others than root may change it (sudo chown root: and sudo chmod go-w)")


def public_keys(text: str) -> list[bytes]:
    """The 32 bytes of each Ed25519 key in a PEM text. Raises ValueError when one of them is none, or there is none."""
    if "PRIVATE KEY" in text:
        raise ValueError("this is a private key: take it away from here, and put its public half in its place")
    found = _PEM.findall(text)
    if not found:
        raise ValueError("it has no -----BEGIN PUBLIC KEY----- in it")
    if len(found) != text.count("-----BEGIN "):
        raise ValueError("something else is in it, or a key that is not whole")
    return [_public_key(key) for key in found]


def _public_key(text: str) -> bytes:
    try:
        whole = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError("what is between its BEGIN and END is no base64") from None
    if not whole.startswith(_ED25519) or len(whole) != len(_ED25519) + 32:
        raise ValueError("this is a key of another kind than Ed25519")
    return whole[len(_ED25519) :]


def signature(data: bytes) -> bytes:
    """The 64 bytes of a signature, which may have been given as base64. Raises UpdateError."""
    if len(data) == _SIGNATURE:
        return data
    try:
        found = base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        found = b""
    if len(found) != _SIGNATURE:
        raise UpdateError(
            f"the signature has {len(data)} bytes: it has to be the 64 of an Ed25519 signature, or those as base64"
        )
    return found


def verify(package: Path, given: bytes, trusted: Keys) -> Key:
    """Whose signature over the package ``given`` is. Raises UpdateError, OSError.

    Maps the file: it takes no memory of its own, and nobody may cut it meanwhile.
    """
    if not trusted.found:
        raise UpdateError("; ".join([NO_KEY, *(f"broken: {wrong}" for wrong in trusted.wrong)]))
    wanted = signature(given)
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    with package.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise UpdateError("the package is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            for key in trusted.found:
                try:
                    Ed25519PublicKey.from_public_bytes(key.raw).verify(wanted, data)
                except InvalidSignature:
                    continue
                return key
    names = ", ".join(str(key.path) for key in trusted.found)
    broken = "".join(f"; broken: {wrong}" for wrong in trusted.wrong)
    raise UpdateError(f"the signature is not one of this package by a key that counts here ({names}){broken}")
