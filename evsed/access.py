"""Who has what opens the charger: the installer's PIN, the owner's password, tokens; kept hashed in access.json.

Owns the file and what is known of the secrets meanwhile. Who may change them, and how often one may guess, is the
interfaces' business. Standard library only; every method may be called from any thread, and those that hash or write
take a moment: not for an event loop, and never for the control thread (``keep_later`` is for that one).
"""

import hmac
import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Final

from evsed.credentials import (
    RIGHTS,
    Credentials,
    DamagedError,
    Hashed,
    Right,
    Token,
    canonical_pin,
    decode,
    digest,
    encode,
    hashed,
    new_token,
    wrong_password,
    wrong_pin,
    wrong_token,
)
from evsed.files import replace_text

__all__ = ["Access", "Kind", "Right", "Token", "canonical_pin"]

log = logging.getLogger(__name__)

_ONLY_US: Final = 0o600


class Kind(Enum):
    """The two secrets that people remember; their names are those of ``Authorization: Basic``."""

    INSTALLER = "installer"
    OWNER = "owner"


class Access:
    """The credentials of one charger; without a ``directory`` they are kept in memory only."""

    def __init__(self, directory: Path | None = None) -> None:
        self._path = None if directory is None else directory / "access.json"
        self._credentials = Credentials()
        self._changing = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._known: dict[Kind, tuple[Hashed, bytes]] = {}  # a secret that was right, as a keyed hash
        self._told: Callable[[], object] = lambda: None
        self._later = ThreadPoolExecutor(1, "access")

    def load(self) -> None:
        """Reads the file; what is damaged is put aside. Without a good copy nobody has credentials."""
        if self._path is None:
            return
        damaged = False
        for path in (self._path, self._previous):
            try:
                self._credentials = decode(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
            except (DamagedError, OSError, UnicodeDecodeError) as error:
                damaged = True
                _put_aside(path, error)
            else:
                if path == self._previous:
                    log.warning("%s: using this last good copy of the credentials", path)
                return
        if damaged:
            log.error(
                "%s: no good copy is left, so PIN, password and tokens are gone. Set them again: INST PIN in the menu "
                "of the LCD, or sudo evsed access. Nobody can log in until then",
                self._path,
            )

    @property
    def _previous(self) -> Path:
        assert self._path is not None  # noqa: S101 - asked only where there is a file
        return self._path.with_name(self._path.name + ".previous")

    def when_changed(self, told: Callable[[], object]) -> None:
        """From now on ``told`` is called when other credentials are set, on whatever thread that was; and once now."""
        self._told = told
        told()

    # ---- what is set ----

    @property
    def pin_set(self) -> bool:
        """Whether there is an installer's PIN."""
        return self._credentials.installer is not None

    @property
    def password_set(self) -> bool:
        """Whether there is an owner's password."""
        return self._credentials.owner is not None

    @property
    def anybody(self) -> bool:
        """Whether somebody can log in."""
        return self.ways > 0

    @property
    def ways(self) -> int:
        """In how many ways one can log in who may let others in: a token that may less than install is none."""
        return self.pin_set + self.password_set + sum(token.right is Right.INSTALL for token in self.tokens)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens, in the order in which they were made."""
        return self._credentials.tokens

    def stored(self, kind: Kind) -> Hashed | None:
        """What is stored of the secret; another object of other value as soon as another one is set."""
        return self._credentials.installer if kind is Kind.INSTALLER else self._credentials.owner

    # ---- judging ----

    def remembers(self, kind: Kind, given: str) -> bool:
        """Whether ``given`` was found right before and still is. Quick; False says nothing."""
        known = self._known.get(kind)
        if known is None or known[0] is not self.stored(kind):
            return False
        return hmac.compare_digest(known[1], self._keyed(kind, given))

    def check(self, kind: Kind, given: str) -> bool:
        """Whether ``given`` is the secret. Slow, unless it is remembered."""
        if self.remembers(kind, given):
            return True
        stored = self.stored(kind)
        text = canonical_pin(given) if kind is Kind.INSTALLER else given
        if stored is None or text is None or not stored.fits(text):
            return False
        self._known[kind] = (stored, self._keyed(kind, given))
        return True

    def token(self, given: str) -> Token | None:
        """The token that ``given`` is; None: it is none. Quick: it takes as long for a wrong one."""
        asked = digest(given)
        found = [token for token in self._credentials.tokens if hmac.compare_digest(token.digest, asked)]
        return found[0] if found else None

    def _keyed(self, kind: Kind, given: str) -> bytes:
        return hmac.digest(self._key, f"{kind.value}:{given}".encode("utf-8", "surrogatepass"), sha256().name)

    # ---- changing ----

    def set_pin(self, pin: str | None) -> None:
        """Another installer's PIN, or none. Raises ValueError for what cannot be one, OSError when it is not kept."""
        if pin is not None and (wrong := wrong_pin(pin)):
            raise ValueError(wrong)
        text = None if pin is None else canonical_pin(pin)
        self._set_installer(None if text is None else hashed(text))

    def put_back_pin(self, stored: Hashed | None) -> None:
        """The installer's PIN as it was ``stored`` before. Raises OSError when that is not kept."""
        if stored is not self.stored(Kind.INSTALLER):
            self._set_installer(stored)

    def _set_installer(self, stored: Hashed | None) -> None:
        with self._changing:
            self._keep(replace(self._credentials, installer=stored, took_over=True))
        log.warning("the installer's PIN was %s", "removed" if stored is None else "set")

    def set_password(self, password: str | None) -> None:
        """Another owner's password, or none. Raises ValueError for what cannot be one, OSError when it is not kept."""
        if password is not None and (wrong := wrong_password(password)):
            raise ValueError(wrong)
        stored = None if password is None else hashed(password)
        with self._changing:
            self._keep(replace(self._credentials, owner=stored))
        log.warning("the owner's password was %s", "removed" if stored is None else "set")

    def add_token(self, name: str, right: str) -> str:
        """A new token, which is not kept and cannot be shown again. Raises ValueError and OSError as ``set_pin``."""
        with self._changing:
            if wrong := wrong_token(name, right, self.tokens):
                raise ValueError(wrong)
            given = new_token()
            created = datetime.now(UTC).isoformat(timespec="seconds")
            token = Token(name, RIGHTS[right], created, digest(given))
            self._keep(replace(self._credentials, tokens=(*self.tokens, token)))
        log.warning("a token %s with the right to %s was made", name, right)
        return given

    def remove_token(self, name: str) -> bool:
        """Takes a token away; False when there is none of that name. Raises OSError when that is not kept."""
        with self._changing:
            left = tuple(token for token in self.tokens if token.name.casefold() != name.casefold())
            if len(left) == len(self.tokens):
                return False
            self._keep(replace(self._credentials, tokens=left))
        log.warning("the token %s was removed", name)
        return True

    def keep_later(self, number: int) -> None:
        """Sets the PIN that was entered at the unit (0: none), some time soon; returns at once."""
        self._later.submit(self._keep_number, number)

    def close(self) -> None:
        """Waits for what ``keep_later`` has begun; nothing begins after that."""
        self._later.shutdown()

    def _keep_number(self, number: int) -> None:
        try:
            self.set_pin(f"{number:04}" if number else None)
        except (ValueError, OSError) as error:
            log.error("the installer's PIN could not be kept: %s. Set it again", error)  # noqa: TRY400 - for the owner

    def take_over(self, pin: str) -> None:
        """The PIN of evsed.toml, once, where none was ever set; it has no use there after that."""
        if not pin:
            return
        advice = "delete it there: [installer] pin in evsed.toml is not used any more"
        if not self._credentials.took_over and not self.pin_set:
            if wrong := wrong_pin(pin):
                log.error("the installer's PIN of evsed.toml is not taken over: %s", wrong)
                return
            stored = hashed(canonical_pin(pin) or "")
            try:
                with self._changing:
                    self._keep(replace(self._credentials, installer=stored, took_over=True))
            except OSError as error:
                log.error("the installer's PIN of evsed.toml cannot be kept: %s", error)  # noqa: TRY400 - same
                return
            advice = f"it is kept hashed from now on; {advice}"
        log.warning("the installer's PIN of evsed.toml: %s", advice)

    def _keep(self, credentials: Credentials) -> None:
        """Both copies hold what is set now: what was taken away must not come back from an older one."""
        if self._path is not None:
            text = encode(credentials)
            replace_text(self._path, text, mode=_ONLY_US)
            self._credentials = credentials
            try:
                replace_text(self._previous, text, mode=_ONLY_US)
            except OSError as error:
                log.error("%s cannot be written: %s", self._previous, error)  # noqa: TRY400 - same
        self._credentials = credentials
        self._known.clear()
        self._told()


def _put_aside(path: Path, error: Exception) -> None:
    schema = error.schema if isinstance(error, DamagedError) else None
    aside = path.with_name(f"{path.name}.{'damaged' if schema is None else f'schema{schema}'}")
    log.error("%s cannot be used: %s. It is kept as %s", path, error, aside.name)
    try:
        path.replace(aside)
    except OSError as problem:
        log.error("%s: could not be renamed: %s", path, problem)  # noqa: TRY400 - for the owner, not a traceback
