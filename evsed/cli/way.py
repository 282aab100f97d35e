"""The way to a charger: the control socket of this machine, HTTP or TLS; and what is shown there to be let in.

Owns where the credentials come from: a file, the environment or the terminal, never the command line, which every
user of the machine can read. Proxies are not asked, and no redirection is followed: a charger is on the LAN.
"""

import argparse
import base64
import getpass
import http.client
import os
import re
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from evsed.cli.trouble import TroubleError
from evsed.config import ConfigError, Http, Installation, load
from evsed.localweb import ControlConnection, address, may_control, own_address

ANSWER_S: Final = 10.0
TOKEN: Final = "EVSED_TOKEN"  # noqa: S105 - the name of a variable
_LONGEST: Final = 4_000_000
_URL: Final = re.compile(r"(https?://[A-Za-z0-9_.:%\[\]-]+|unix:/.+)")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,512}")

Open = Callable[[], http.client.HTTPConnection]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the charger at ``url``; ``unread``: why the configuration did not say so. ``headers`` let us in."""

    url: str
    open: Open = field(repr=False)
    unread: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def controls(self) -> bool:
        """Whether it is the control socket, where nothing is refused for want of a right."""
        return self.url.startswith("unix:")

    @contextmanager
    def listen(self, path: str, headers: Mapping[str, str], quiet_s: float) -> Iterator[http.client.HTTPResponse]:
        """An answer that may have no end, which says something every ``quiet_s``. Raises as ``exchange``."""
        connection = self.open()
        try:
            connection.request("GET", path, headers={**self.headers, **headers})
            answer = connection.getresponse()
            if connection.sock is not None:
                connection.sock.settimeout(quiet_s)
            yield answer
        finally:
            connection.close()

    def exchange(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes]:
        """Status and body of one answer; ``kind``: of the body. Raises OSError, HTTPException or ValueError."""
        connection = self.open()
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = kind
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST)
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the command line says of who asks; nothing is read or asked before it is needed."""

    token_file: str | None = None
    pin: bool = False
    cacert: str | None = None
    password: bool = False

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Shown":
        """That of a command which takes the options of a charger."""
        given = vars(options)
        return cls(given.get("token_file"), bool(given.get("pin")), given.get("cacert"), bool(given.get("password")))

    @property
    def given(self) -> bool:
        """Whether somebody said who he is."""
        return self.token_file is not None or self.pin or self.password

    def headers(self) -> dict[str, str]:
        """What lets us in. Raises TroubleError."""
        if (self.token_file is not None) + self.pin + self.password > 1:
            raise TroubleError("--token-file, --pin and --password: one of them is enough", os.EX_USAGE)
        if self.pin:
            return _asked("--pin", "installer", "the installer's PIN: ")
        if self.password:
            return _asked("--password", "owner", "the owner's password: ")
        token = os.environ.get(TOKEN, "") if self.token_file is None else _read(Path(self.token_file))
        if not token:
            return {}
        if not _TOKEN.fullmatch(token):
            raise TroubleError(f"{self.token_file or TOKEN} holds no token: one line of letters and digits")
        return {"Authorization": f"Bearer {token}"}


def _asked(option: str, name: str, question: str) -> dict[str, str]:
    """Basic authorisation of ``name`` with what is typed on the terminal."""
    if not sys.stdin.isatty():
        raise TroubleError(f"{option} asks on the terminal, and there is none; --token-file needs none")
    basic = base64.b64encode(f"{name}:{getpass.getpass(question)}".encode("utf-8", "surrogateescape"))
    return {"Authorization": f"Basic {basic.decode('ascii')}"}


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(1_000).decode("latin-1").strip()
    except OSError as error:
        raise TroubleError(f"{path} cannot be read: {error.strerror}", os.EX_NOINPUT) from error


def find(url: str | None, config: Path, *, chosen: bool, shown: Shown) -> Way:
    """The way to ``url``, or else to the charger of this machine. ``chosen``: somebody named ``config``.

    Raises TroubleError.
    """
    if url is not None:
        return _to(_whole(url), shown)
    try:
        installation = load(config)
    except ConfigError as error:
        if chosen or not isinstance(error.__cause__, PermissionError | FileNotFoundError):
            raise TroubleError(str(error), os.EX_CONFIG) from error
        if not shown.given and may_control(Installation().control.socket):
            return _to(f"unix:{Installation().control.socket}", shown)
        unread = str(error) if isinstance(error.__cause__, PermissionError) else ""
        return _to(address(Http()), shown, unread)
    if not shown.given and may_control(installation.control.socket):
        return _to(f"unix:{installation.control.socket}", shown)
    return _to(own_address(installation), shown)


def _to(url: str, shown: Shown, unread: str = "") -> Way:
    scheme, _, rest = url.partition(":")
    if scheme == "unix":
        return Way(url, lambda: ControlConnection(Path(rest), ANSWER_S), unread)
    place = rest.removeprefix("//")
    if scheme == "http":
        return Way(url, lambda: http.client.HTTPConnection(place, timeout=ANSWER_S), unread, shown.headers())
    try:
        context = ssl.create_default_context(cafile=shown.cacert)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no certificate in PEM form"
        raise TroubleError(f"{shown.cacert} cannot be used: {why}", os.EX_NOINPUT) from error
    headers = shown.headers()
    return Way(url, lambda: http.client.HTTPSConnection(place, timeout=ANSWER_S, context=context), unread, headers)


def _whole(url: str) -> str:
    whole = url if "://" in url or url.startswith("unix:") else f"http://{url}"
    whole = whole if whole.startswith("unix:") else whole.rstrip("/")
    try:
        good = _URL.fullmatch(whole) is not None and urlsplit(whole).port != 0
    except ValueError:
        good = False
    if not good:
        wanted = "an address such as http://192.168.1.20:80 or https://192.168.1.20, or unix:/run/evsed/control.sock"
        raise TroubleError(f"--url takes {wanted}; not {url[:80]!r}", os.EX_USAGE)
    return whole
