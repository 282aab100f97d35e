"""What the web server bears with, from clients that speak to it in raw bytes."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from evsed.api.bounds import MOST_STREAMS
from evsed.doors.webserver import BoundedProtocol, Bounds
from tests.api.served import Charger, Served
from tests.scenarios.simulation import PATIENCE_S, wait_for

NEVER = 3_600.0
PATIENT = Bounds(request_s=NEVER, idle_s=NEVER, taking_s=NEVER, closing_s=NEVER)
GET = b"GET /api/v1/limit HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextlib.contextmanager
def serving(**bounds: Any) -> Iterator[tuple[Served, Charger]]:
    """A server whose patience has no end but where ``bounds`` say so."""
    kept = {name: getattr(PATIENT, name) for name in Bounds.__dataclass_fields__}
    with Charger() as charger, Served(charger.app, charger.refusals, Bounds(**{**kept, **bounds})) as server:
        yield server, charger


def rest(client: socket.socket) -> bytes:
    """Everything until the server ends the connection."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while data := client.recv(65_536):
            said += data
    return said


def answer(client: socket.socket) -> tuple[int, Any]:
    """Status and JSON of one answer; the connection stays."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        assert byte, head
        head += byte
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += client.recv(length - len(body))
    return int(head.split()[1]), json.loads(body)


def test_connections_are_kept_for_the_next_request() -> None:
    with serving() as (server, _), server.connect() as client:
        for _ in range(3):
            client.sendall(GET)
            assert answer(client)[0] == 200


def test_answers_are_sent_at_once() -> None:
    """A socket that waits for the client's acknowledgement costs 40 ms a request."""
    with serving() as (server, _), server.connect() as client:
        client.sendall(GET)
        assert answer(client)[0] == 200
        (connection,) = server.server.server_state.connections
        assert isinstance(connection, BoundedProtocol)
        door = connection.transport.get_extra_info("socket")
        assert door.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# ---- time ----


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"GET /settings HT",
        b"GET /settings HTTP/1.1\r\nHost: localhost\r\nX: ",
        b"POST /settings?mode=0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nmode",
        b"POST /settings?mode=0 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmode",
        b"PUT /api/v1/limit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n{",
    ],
)
def test_a_request_that_does_not_come_whole_is_ended_and_changes_nothing(begin: bytes) -> None:
    with serving(request_s=0.2, closing_s=0.2) as (server, charger), server.connect() as client:
        client.sendall(begin)
        said = rest(client)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert json.loads(said.partition(b"\r\n\r\n")[2])["detail"] == "the request did not arrive whole within 0.2 s"
        assert charger.refusals.count == 1
        assert charger.site.snapshot.choice.name != "OFF"
        wait_for(lambda: not server.server.server_state.connections, "the connection is over")


@pytest.mark.parametrize("head", [b"", b"POST /settings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\n"])
def test_dribbling_does_not_prolong_it(head: bytes) -> None:
    with serving(request_s=0.3, closing_s=0.2) as (server, _), server.connect() as client:
        client.sendall(head)
        client.settimeout(0.01)
        begun = time.monotonic()
        said = b""
        while not said:
            assert time.monotonic() < begun + PATIENCE_S
            client.sendall(b"G")
            with contextlib.suppress(TimeoutError):
                said = client.recv(65_536)
        assert said.startswith(b"HTTP/1.1 408 ")


def test_the_next_request_on_a_connection_has_to_come_whole_too() -> None:
    with serving(request_s=0.2, closing_s=0.2) as (server, _), server.connect() as client:
        client.sendall(GET)
        assert answer(client)[0] == 200
        client.sendall(GET[:20])
        assert rest(client).startswith(b"HTTP/1.1 408 ")


def test_a_body_nobody_waits_for_any_more_has_to_end_too() -> None:
    with serving(request_s=0.2, closing_s=0.2) as (server, _), server.connect() as client:
        client.sendall(b"POST /settings HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 999999\r\n\r\n")
        assert rest(client).startswith(b"HTTP/1.1 403 ")


def test_an_idle_connection_is_closed() -> None:
    with serving(idle_s=0.1, closing_s=0.1) as (server, charger), server.connect() as client:
        client.sendall(GET)
        assert answer(client)[0] == 200
        assert rest(client) == b""
        assert charger.refusals.count == 0


def test_who_does_not_take_the_answer_is_cut_off() -> None:
    with serving(taking_s=0.2) as (server, _), server.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        wait_for(lambda: not server.server.server_state.connections, "the connection is over")


# ---- number ----


def test_one_client_cannot_shut_others_out() -> None:
    with serving(of_one_client=3, spare=2, closing_s=0.2) as (server, charger), contextlib.ExitStack() as open_:
        held = [open_.enter_context(server.connect()) for _ in range(3)]
        for client in held:
            client.sendall(GET)
            assert answer(client)[0] == 200
        refused = [open_.enter_context(server.connect()) for _ in range(20)]
        told = [rest(client) for client in refused]
        assert any(said.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: " in said for said in told)
        assert all(said == b"" or b"3 connections from your address are open already" in said for said in told)
        assert charger.refusals.count == 20
        with server.connect("127.0.0.2") as other:
            other.sendall(GET)
            assert answer(other)[0] == 200
        held[0].close()
        wait_for(lambda: served(server), "there is room again")


def served(server: Served) -> bool:
    with server.connect() as client:
        client.sendall(GET)
        return rest_of_one(client).startswith(b"HTTP/1.1 200 ")


def rest_of_one(client: socket.socket) -> bytes:
    with contextlib.suppress(ConnectionResetError):
        return client.recv(65_536)
    return b""


def test_there_is_an_end_of_connections() -> None:
    with serving(connections=3, closing_s=0.2) as (server, _), contextlib.ExitStack() as open_:
        for number in range(3):
            client = open_.enter_context(server.connect(f"127.0.0.{number + 2}"))
            client.sendall(GET)
            assert answer(client)[0] == 200
        with server.connect("127.0.0.9") as refused:
            said = rest(refused)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"3 connections are open already" in said


# ---- form and size ----


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        (b"\x00\xff\x16\x03\x01\r\n\r\n", 400, "not a valid HTTP request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "not a valid HTTP request"),  # HTTP/1.1 has to name a host
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "not a valid HTTP request"),
        (b"\r\n\r\n\r\n", 400, "not a valid HTTP request"),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "not a valid HTTP request"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400, "not a valid HTTP request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 15_000 + b"\r\n" * 2, 200, ""),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 99_000, 400, "longer than 16384 bytes"),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "longer than 8192 bytes"),
        (b"GET /?" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "longer than 8192 bytes"),
        (b"GET /settings HTTP/1.0\r\n\r\n", 200, ""),
        (b"GET /settings HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 200, ""),
        (b"BREW /settings HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "GET and POST is"),
        (b"GET http://evil.example/settings HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "there is nothing at"),
        (b"POST /web/app.js HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405, "; GET is"),
        (b"GET /web/../app.py HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "there is nothing at"),
        (b"GET /web/%2e%2e/app.py HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "there is nothing at"),
        (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "the path has control characters"),
        (b"GET /web/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "the path has control characters"),
    ],
)
def test_what_is_wrong_is_said_in_json(
    request_: bytes, status: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(idle_s=0.1, closing_s=0.1) as (server, _), server.connect() as client:
        client.sendall(request_)
        said = rest(client)
    assert int(said.split()[1]) == status
    if says:
        assert says in json.loads(said.partition(b"\r\n\r\n")[2])["detail"]
    assert not [record for record in caplog.records if record.exc_info]


def test_what_clients_do_wrong_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with serving(closing_s=0.1) as (server, charger):
        for _ in range(3):
            with server.connect() as client:
                client.sendall(b"\x00\r\n\r\n")
                assert rest(client).startswith(b"HTTP/1.1 400 ")
        assert charger.refusals.count == 3
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


def test_there_are_places_for_streams() -> None:
    with Charger() as charger:
        assert (charger.site.streams.most, charger.site.streams.taken) == (MOST_STREAMS, 0)
