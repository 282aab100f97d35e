"""The charger's own web server, for programs on the same machine: where it is, and the ways to it without a proxy."""

import http.client
import urllib.request
from pathlib import Path
from typing import Final

from evsed.config import Http, Installation
from evsed.doors.control import connect

DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens a URL on the LAN, whatever the environment says of proxies."""

_EVERY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask one that listens everywhere
_LONGEST: Final = 4_000_000


class ControlConnection(http.client.HTTPConnection):
    """HTTP over the control socket at ``path``."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        """Connects. Raises OSError."""
        self.sock = connect(self._path, self._timeout_s)


def address(served: Http) -> str:
    """Where this machine finds what is served so."""
    return _address("http", served.host, served.port, 80)


def own_address(installation: Installation) -> str:
    """Where this machine finds its own web server: by TLS only where there is nothing else."""
    served = installation.http
    return address(served) if served.port else _address("https", served.host, installation.tls.port, 443)


def may_control(path: str) -> bool:
    """Whether somebody answers at the control socket ``path``, and this user may ask there."""
    if not path:
        return False
    try:
        connect(Path(path), 1.0).close()
    except OSError:
        return False
    return True


def ask(installation: Installation, path: str, timeout_s: float) -> bytes:
    """What this machine's evsed answers to GET ``path``. Raises OSError, or ValueError when it is no HTTP."""
    if not may_control(installation.control.socket):
        with DIRECT.open(own_address(installation) + path, timeout=timeout_s) as told:
            return bytes(told.read(_LONGEST))
    connection = ControlConnection(Path(installation.control.socket), timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(_LONGEST)
    except http.client.HTTPException as error:
        raise ValueError(str(error)) from error
    finally:
        connection.close()


def _address(scheme: str, served: str, number: int, usual: int) -> str:
    host = _EVERY.get(served, served)
    port = "" if number == usual else f":{number}"
    return f"{scheme}://[{host}]{port}" if ":" in host else f"{scheme}://{host}{port}"
