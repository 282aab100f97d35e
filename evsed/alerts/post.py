"""One POST of JSON to an address, within a time, and what came of it in words that give no secret away.

No redirect is followed, no proxy is used and none of the charger's own ports reached; https proves who it is; of the
answer only its status counts. Keys stand in many such addresses, so that nothing here says more of one than its scheme
and host.
"""

import base64
import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from urllib.parse import SplitResult, unquote, urlsplit

from evsed import __version__

WITHIN_S: Final = 10.0
Context = Callable[[], ssl.SSLContext]

OWN_PORT: Final = "this is a port of the charger itself, which takes no alerts"
_STATUS: Final = re.compile(r"([1-5])[0-9]{2}\b")
_SILENT: Final = f"no answer within {WITHIN_S:g} s"
_SAYS: Final = {
    401: "it wants a key or a password in the address",
    403: "it wants a key or a password in the address",
    404: "it knows no such address",
    405: "it takes no POST",
    429: "it wants fewer messages",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """``answer``: the status as digits when it was ``taken``, else what is wrong."""

    taken: bool
    answer: str


class _OwnPortError(Exception):
    """Where it would be posted to, the charger itself listens."""


def brief(answer: str) -> str:
    """``answer`` for who may not install: with all of it one could find out what listens where in the network."""
    if answer in {"", OWN_PORT}:
        return answer
    status = _STATUS.match(answer)
    taken = "taken" if status is not None and status[1] == "2" else "not taken"
    return taken if status is None else f"{taken} ({status[1]}xx)"


def place(address: str) -> str:
    """What may be said of ``address``: its scheme and host."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return "the web hook"
    return f"{parts.scheme}://{host}" if host else "the web hook"


def post(
    address: str,
    body: bytes,
    within_s: float = WITHIN_S,
    context: Context = ssl.create_default_context,
    own_ports: frozenset[int] = frozenset(),
) -> Outcome:
    """Posts ``body``. Takes ``within_s`` at most, and what the system needs to look a name up.

    ``context`` says whom https trusts: by default those whom this machine trusts. ``own_ports``: those of this machine
    to which nothing is posted.
    """
    until = time.monotonic() + within_s
    try:
        parts = urlsplit(address)
        status = _status(parts, body, until, context, own_ports)
    except _OwnPortError:
        return Outcome(False, OWN_PORT)
    except ssl.SSLCertVerificationError as error:
        return Outcome(False, f"it does not prove who it is: {error.verify_message}")
    except ssl.SSLError as error:
        return Outcome(False, f"it cannot be spoken to with TLS: {error.reason or 'no reason is given'}")
    except TimeoutError:
        return Outcome(False, _SILENT)
    except http.client.HTTPException:  # one of which is an OSError too
        return Outcome(False, "it does not answer as a web server does")
    except OSError as error:
        return Outcome(False, f"it cannot be reached: {error.strerror or type(error).__name__}")
    except ValueError:
        return Outcome(False, "this is no address that can be posted to")
    if 200 <= status < 300:
        return Outcome(True, str(status))
    moved = "it has moved, and redirects are not followed" if 300 <= status < 400 else ""
    says = moved or _SAYS.get(status, "it does not take the message")
    return Outcome(False, f"{status}: {says}")


def _status(parts: SplitResult, body: bytes, until: float, context: Context, own_ports: frozenset[int]) -> int:
    """The answer's status. Raises ValueError, OSError, HTTPException and _OwnPortError."""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not http")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(parts.hostname, port)
    sent = _headers(parts)
    with _reach(parts.hostname, port, until, own_ports) as plain:
        plain.settimeout(_left(until))
        end = context().wrap_socket(plain, server_hostname=parts.hostname) if secure else plain
        with end:
            connection.sock = _Bounded(end, until)
            connection.request("POST", _target(parts), body, sent)
            return connection.getresponse().status


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(parts: SplitResult) -> dict[str, str]:
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "Content-Type": "application/json",
        "User-Agent": f"evsed/{__version__}",
        "Connection": "close",
    }
    if parts.username is not None:
        word = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(word.encode()).decode()
    return headers


def _left(until: float) -> float:
    """Seconds. Raises TimeoutError when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _reach(host: str, port: int, until: float, own_ports: frozenset[int]) -> socket.socket:
    """A connection to the first of the host's addresses that takes one. Raises OSError and _OwnPortError."""
    failed: OSError = OSError("it has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if port in own_ports and _is_here(family, address):
            raise _OwnPortError
        end = socket.socket(family, kind, protocol)
        try:
            end.settimeout(_left(until))
            end.connect(address)
        except OSError as error:
            end.close()
            failed = error
        else:
            return end
    raise failed


def _is_here(family: int, address: tuple[Any, ...]) -> bool:
    """Whether ``address`` is one of this machine's, by loopback or a network: only there can one listen."""
    with socket.socket(family, socket.SOCK_STREAM) as end:
        try:
            end.bind((address[0], 0, *address[2:]))
        except OSError:
            return False
    return True


class _Bounded:
    """A socket as http.client needs it, with an end to all of the time together and not to each wait alone."""

    def __init__(self, end: socket.socket, until: float) -> None:
        self._end = end
        self._until = until

    def sendall(self, data: Any) -> None:
        self._end.settimeout(_left(self._until))
        self._end.sendall(data)

    def makefile(self, _mode: str) -> BinaryIO:
        return io.BufferedReader(_Answer(self._end, self._until), 4096)

    def close(self) -> None:
        """Whoever opened it closes it."""


class _Answer(io.RawIOBase):
    """What comes from a socket, until the time is over."""

    def __init__(self, end: socket.socket, until: float) -> None:
        self._end = end
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._end.settimeout(_left(self._until))
        return self._end.recv_into(buffer)
