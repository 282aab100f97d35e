"""Who logged in with a browser: a cookie stands for the PIN or password that was given, for a while.

Owns the logins, in memory only: they end with the daemon. Pure but for the random cookies: time comes in as ``now_s``,
monotonic. Whoever gave the installer's PIN is the installer while he changes things, and half an hour after that what
he was before: the owner where he gave that password too, else nobody special. A page that is left open and looks by
itself does not keep him the installer. A login ends when the secret that it was opened with is changed.
"""

import secrets
from dataclasses import dataclass, field, replace
from typing import Final

from evsed.access import Access, Kind, Right
from evsed.credentials import Hashed, digest

COOKIE: Final = "evsed-session"
OWNER_S: Final = 30 * 86_400.0
INSTALLER_S: Final = 1_800.0
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Login:
    """One browser's."""

    given: dict[Kind, Hashed] = field(repr=False)  # what was stored of the secrets that were given
    until: float = 0.0
    installer_until: float = 0.0


class Logins:
    """All of one charger."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._logins: dict[bytes, Login] = {}  # by the digest of the cookie

    def open(self, kind: Kind, now_s: float, cookie: str = "") -> str:
        """The cookie of one who gave the secret of ``kind``; what its ``cookie`` was good for, the new one is too."""
        before = self._valid(cookie, now_s)
        self.close(cookie)
        stored = self._access.stored(kind)
        given = {**(before.given if before else {}), **({} if stored is None else {kind: stored})}
        installer_until = now_s + INSTALLER_S if kind is Kind.INSTALLER else before.installer_until if before else 0.0
        new = secrets.token_urlsafe(32)
        self._logins[digest(new)] = Login(given, now_s + OWNER_S, installer_until)
        while len(self._logins) > MOST:
            del self._logins[min(self._logins, key=lambda key: self._logins[key].until)]
        return new

    def close(self, cookie: str) -> None:
        """Logs out."""
        self._logins.pop(digest(cookie), None)

    def right(self, cookie: str, now_s: float, *, uses: bool = True, changes: bool = False) -> Right:
        """What ``cookie`` is good for; NOTHING: it is none, or not any more.

        ``uses`` prolongs the owner's time, ``changes`` (something, not only a look) the installer's too.
        """
        login = self._valid(cookie, now_s)
        if login is None:
            return Right.NOTHING
        installs = Kind.INSTALLER in login.given
        if uses:
            longer = now_s + INSTALLER_S if installs and changes else login.installer_until
            self._logins[digest(cookie)] = replace(login, until=now_s + OWNER_S, installer_until=longer)
        return Right.INSTALL if installs else Right.OPERATE

    def _valid(self, cookie: str, now_s: float) -> Login | None:
        """The login of ``cookie`` with those of its secrets that are still the ones."""
        login = self._logins.get(digest(cookie)) if cookie else None
        if login is None:
            return None
        given = {kind: stored for kind, stored in login.given.items() if self._access.stored(kind) is stored}
        if now_s >= login.installer_until:
            given.pop(Kind.INSTALLER, None)
        if not given or now_s >= login.until:
            self.close(cookie)
            return None
        return replace(login, given=given)
