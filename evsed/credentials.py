"""What opens the charger, as it is stored: hashed PIN, password and tokens, and the document they stand in.

Owns the forms of secrets, their hashes and the file's format; the file itself and what changes it is access.py's.
Standard library only. Nothing here can be turned back into a secret.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

SCHEMA: Final = 1
MOST_TOKENS: Final = 20
SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 128
_TOKEN_BYTES: Final = 32
_SALT_BYTES: Final = 16
_N, _R, _P = 2**14, 8, 1  # 16 MB, and some 0.2 s on a Raspberry Pi 3
_MOST_N: Final = 2**15
_PIN: Final = re.compile(r"[0-9]{1,8}")
_NEW_PIN: Final = re.compile(r"[0-9]{4,8}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,30}[A-Za-z0-9]|[A-Za-z0-9]")
_HEX: Final = re.compile(r"([0-9a-f]{2}){16,64}")


class Right(IntEnum):
    """What somebody may do: the higher, the more."""

    NOTHING = 0
    READ = 1  # look
    OPERATE = 2  # what an owner does: charge, choose, set the owner's settings
    INSTALL = 3  # what belongs to the electrical installation, the unit's software and its credentials


RIGHTS: Final = {right.name.lower(): right for right in Right if right is not Right.NOTHING}
"""Those that a token can have, by the names that people give them."""


class DamagedError(Exception):
    """A file of credentials that cannot be used; the text says why, and no secret. ``schema``: that of a newer one."""

    def __init__(self, text: str, schema: int | None = None) -> None:
        super().__init__(text)
        self.schema = schema


@dataclass(frozen=True, slots=True)
class Hashed:
    """A PIN or a password. Another setting of the same one has another salt, so it is another ``Hashed``."""

    salt: bytes = field(repr=False)
    hash: bytes = field(repr=False)
    n: int
    r: int
    p: int

    def fits(self, secret: str) -> bool:
        """Whether ``secret`` is it. Takes some 0.2 s on a Raspberry Pi 3, without holding the interpreter."""
        return hmac.compare_digest(_scrypt(secret, self.salt, self.n, self.r, self.p), self.hash)


def hashed(secret: str) -> Hashed:
    """``secret`` with a salt of its own; takes as long as ``fits``."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return Hashed(salt, _scrypt(secret, salt, _N, _R, _P), _N, _R, _P)


def _scrypt(secret: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    given = secret.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=n, r=r, p=p, maxmem=2 * 128 * _MOST_N * _R, dklen=32)


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows instead of a login."""

    name: str
    right: Right
    created: str  # ISO 8601, UTC
    digest: bytes = field(repr=False)  # SHA-256; 256 random bits need no salt and no scrypt


def new_token() -> str:
    """256 random bits as a text."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str) -> bytes:
    """A token as it is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything that opens the charger."""

    installer: Hashed | None = None
    owner: Hashed | None = None
    tokens: tuple[Token, ...] = ()
    took_over: bool = False  # a PIN in evsed.toml has had its turn, or one that was set came before it


# ---- what may be a secret ----


def canonical_pin(given: str) -> str | None:
    """A PIN as it is compared: a number with at least four digits, so that 0042 is 42. None: it can be no PIN."""
    text = given.strip()
    return f"{int(text):04}" if _PIN.fullmatch(text) else None


def wrong_pin(pin: str) -> str:
    """Why ``pin`` cannot be set; empty when it can."""
    if not _NEW_PIN.fullmatch(pin) or not int(pin):
        return "pin takes 4 to 8 digits, not all of them 0"
    return ""


def wrong_password(password: str) -> str:
    """Why ``password`` cannot be set; empty when it can."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or not password.isprintable():
        return f"password takes {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} printable characters"
    return ""


def wrong_token(name: str, right: str, tokens: tuple[Token, ...]) -> str:
    """Why a token cannot be made beside ``tokens``; empty when it can."""
    if not _NAME.fullmatch(name):
        return "name takes 1 to 32 letters, digits, and blanks . _ - between them"
    if right not in RIGHTS:
        return f"right takes {', '.join(RIGHTS)}"
    if any(token.name.casefold() == name.casefold() for token in tokens):
        return f"there is a token {name} already: remove it first, or choose another name"
    if len(tokens) >= MOST_TOKENS:
        return f"there are {MOST_TOKENS} tokens already: remove one first"
    return ""


# ---- the file ----


def encode(credentials: Credentials) -> str:
    """The file's text."""
    tokens = [
        {"name": token.name, "right": token.right.name.lower(), "created": token.created, "sha256": token.digest.hex()}
        for token in credentials.tokens
    ]
    document = {
        "schema": SCHEMA,
        "installer_pin": _fields(credentials.installer),
        "password": _fields(credentials.owner),
        "tokens": tokens,
        "took_over": credentials.took_over,
    }
    return json.dumps(document, indent=2) + "\n"


def _fields(secret: Hashed | None) -> dict[str, object] | None:
    if secret is None:
        return None
    scrypt = {"n": secret.n, "r": secret.r, "p": secret.p}
    return {"scrypt": scrypt, "salt": secret.salt.hex(), "hash": secret.hash.hex()}


def decode(text: str) -> Credentials:
    """What a file's text says. Raises DamagedError unless all of it can be used: half of them would be a surprise."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError("it is not JSON") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if type(schema) is not int or schema < SCHEMA:
        raise DamagedError("it says no schema that this evsed knows")
    if schema > SCHEMA:
        raise DamagedError(f"a newer evsed wrote it (schema {schema}, and this one reads {SCHEMA})", schema)
    try:
        tokens = tuple(_token(fields) for fields in document["tokens"])
        found = Credentials(
            _secret(document["installer_pin"]), _secret(document["password"]), tokens, document["took_over"] is True
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError("what is in it are no credentials") from error
    if len({token.name.casefold() for token in tokens}) != len(tokens) or len(tokens) > MOST_TOKENS:
        raise DamagedError("what is in it are no credentials")
    return found


def _secret(fields: Mapping[str, Any] | None) -> Hashed | None:
    if fields is None:
        return None
    scrypt = fields["scrypt"]
    n, r, p = (int(scrypt[name]) for name in ("n", "r", "p"))
    if not 2 <= n <= _MOST_N or n & (n - 1) or (r, p) != (_R, _P):
        raise ValueError("these parameters of scrypt")
    return Hashed(_bytes(fields["salt"]), _bytes(fields["hash"]), n, r, p)


def _token(fields: Mapping[str, Any]) -> Token:
    name, right, created = fields["name"], RIGHTS[fields["right"]], fields["created"]
    if not _NAME.fullmatch(name) or not isinstance(created, str):
        raise ValueError("this token")
    return Token(name, right, created[:40], _bytes(fields["sha256"]))


def _bytes(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise ValueError("these digits")
    return bytes.fromhex(text)
