"""Documents from a device on the loopback, over a real connection, whether it behaves or not."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from evsed.hw.fetch import LONGEST_BODY, Fetcher, FetchError
from evsed.hw.homewizard import PATH, decode
from tests.hw.heard import PATIENCE_S
from tests.hw.homewizard_device import EXPECTED, LOOPBACK, OK, Device, Hostile, says


@pytest.fixture
def fetcher(device: Device) -> Iterator[Fetcher]:
    fetcher = Fetcher(LOOPBACK, device.port, 10.0)
    yield fetcher
    fetcher.close()


def test_one_connection_serves_many_requests(device: Device, fetcher: Fetcher) -> None:
    for _ in range(5):
        assert decode(fetcher.get(PATH)) == EXPECTED
    assert (device.connections, device.requests) == (1, 5)


def test_a_connection_that_was_closed_meanwhile_is_opened_again(device: Device, fetcher: Fetcher) -> None:
    device.hangs_up = True
    for _ in range(3):
        assert decode(fetcher.get(PATH)) == EXPECTED
    assert device.connections == 3


def test_a_refusal_says_what_to_do(device: Device, fetcher: Fetcher) -> None:
    device.status = 403
    with pytest.raises(FetchError, match="switch on its local API"):
        fetcher.get(PATH)
    device.status = 503
    with pytest.raises(FetchError, match="HTTP status 503"):
        fetcher.get(PATH)
    device.status = 200
    assert decode(fetcher.get(PATH)) == EXPECTED


def drips(first: bytes, drop: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def behave(guest: socket.socket, over: threading.Event) -> None:
        guest.sendall(first)
        while not over.wait(0.02):
            guest.sendall(drop)

    return behave


SHORT_S = 0.5  # for what never ends
MALICE = {
    "silence": (lambda _guest, over: over.wait(), "no whole answer within 0.5 s"),
    "slow-loris head": (drips(OK, b"X: y\r\n"), "no whole answer|no HTTP"),
    "slow-loris body": (drips(OK + b"Content-Length: 1000\r\n\r\n", b" "), "no whole answer"),
    "endless body": (drips(OK + b"\r\n", b" " * 60_000), "longer than 65536 bytes|no whole answer"),
    "endless chunks": (drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), "no whole answer"),
    "for ever continue": (drips(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"), "no whole answer"),
    "long body": (says(OK + b"Content-Length: 70000\r\n\r\n" + b" " * 70_000), f"longer than {LONGEST_BODY}"),
    "cut body": (says(OK + b'Content-Length: 99\r\n\r\n{"a":'), "no JSON"),
    "nothing": (says(b""), "closed connection without response|reset"),
    "no HTTP": (says(b"SSH-2.0-x\r\n\r\n"), "no HTTP: BadStatusLine"),
    "wild chunk": (says(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "no HTTP"),
    "redirect": (says(b"HTTP/1.1 302 F\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"), "HTTP status 302"),
    "no JSON": (says(OK + b"Content-Length: 3\r\n\r\n{a}"), "no JSON"),
    "deep JSON": (says(OK + b"Content-Length: 60000\r\n\r\n" + b"[" * 60_000), "no JSON"),
    "long number": (says(OK + b"Content-Length: 5000\r\n\r\n" + b"1" * 5_000), "no JSON"),
    "no text": (says(OK + b"Content-Length: 4\r\n\r\n\xff\xfe\x00\xd8"), "no JSON"),
}


@pytest.mark.parametrize("malice", MALICE)
def test_whatever_a_device_does_ends_in_a_text(malice: str) -> None:
    behave, text = MALICE[malice]
    total_s = SHORT_S if "no whole answer" in text else PATIENCE_S
    with Hostile(behave, total_s) as fetcher, pytest.raises(FetchError, match=text):
        fetcher.get(PATH)


def test_a_device_that_is_not_there_is_said_so() -> None:
    with socket.create_server((LOOPBACK, 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(FetchError, match="refused"):
        Fetcher(LOOPBACK, port, PATIENCE_S).get(PATH)
    with pytest.raises(FetchError, match="no host name"):
        Fetcher("a" * 64, port, PATIENCE_S).get(PATH)
