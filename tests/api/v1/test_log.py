"""GET /api/v1/log: the last lines, and what comes, for everybody who may look; nothing is lost or told twice unsaid."""

import asyncio
import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from evsed.api.bounds import MOST_LOG_STREAMS, MOST_LOG_STREAMS_OF_ONE
from evsed.api.v1 import log
from evsed.api.v1.log import Begin, Lines, LogDocument
from evsed.logring import MOST, Level, Ring, Wanted
from tests.api.served import Served
from tests.api.v1.v1 import Client, client, fits, saved
from tests.scenarios.simulation import PATIENCE_S, http, wait_for

__all__ = ["client", "saved"]

Event = tuple[str, str, dict[str, Any]]


def say(ring: Ring, *texts: str, level: int = logging.INFO, name: str = "evsed.a") -> None:
    for text in texts:
        ring.keep(logging.makeLogRecord({"msg": text, "levelno": level, "name": name, "created": 1.25}))


@pytest.fixture
def ring(client: Client) -> Ring:
    return client.charger.site.log_lines


class Listener:
    """A client of the stream."""

    def __init__(self, served: Served, query: str = "follow", **headers: str) -> None:
        self.connection = served.connect()
        self.connection.settimeout(PATIENCE_S)
        sent = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.connection.sendall(f"GET /api/v1/log?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{sent}\r\n".encode())
        self.file = self.connection.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.head = dict(line.decode().strip().lower().split(": ", 1) for line in iter(self.file.readline, b"\r\n"))

    def events(self) -> Iterator[Event]:
        """What comes, until the end: name, id and document."""
        event: dict[str, str] = {}
        for line in self.file:
            name, colon, value = line.decode().strip().partition(": ")
            if name == "0":  # the last of HTTP's chunks
                return
            if colon:
                event[name] = value
            if "data" in event:
                yield event["event"], event["id"], json.loads(event["data"])
                event = {}

    def texts(self, count: int) -> list[str]:
        """The texts of the next events; of a gap its reason."""
        events = self.events()
        found = [next(events)[2] for _ in range(count)]
        return [document.get("text") or f"gap: {document['why']}" for document in found]


@contextmanager
def listening(client: Client, query: str = "follow", **headers: str) -> Iterator[Listener]:
    listener = Listener(client.served, query, **headers)
    with listener.connection, listener.file:
        yield listener


# ---- as a document ----


def test_the_encoder_is_given_a_line_at_a_time(client: Client, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the interpreter until it is done, and the control thread waits so long."""
    say(ring, *(f"line {number}" for number in range(MOST)))
    longest, encode = [0], json.dumps

    def dumps(data: Any, **more: Any) -> str:
        text = encode(data, **more)
        longest[0] = max(longest[0], len(text))
        return text

    monkeypatch.setattr(json, "dumps", dumps)
    assert len(client.get(f"/log?last={MOST}")["lines"]) == MOST
    assert 0 < longest[0] < 200


def test_the_last_lines_are_a_document(client: Client, ring: Ring) -> None:
    say(ring, "one", "two", "three")
    said = client.get("/log?last=2")
    fits(said, LogDocument)
    assert said == {
        "id": f"{ring.boot}-3",
        "lost": False,
        "lines": [
            {"number": 2, "at": 1_250, "level": "info", "logger": "evsed.a", "text": "two"},
            {"number": 3, "at": 1_250, "level": "info", "logger": "evsed.a", "text": "three"},
        ],
    }
    say(ring, "four")
    assert [line["text"] for line in client.get(f"/log?after={said['id']}")["lines"]] == ["four"]
    assert client.get("/log?after=00000000-7")["lost"] is True


def test_lines_are_chosen_by_level_and_text(client: Client, ring: Ring) -> None:
    say(ring, "well")
    say(ring, "Not well", level=logging.WARNING, name="evsed.hw.bus")
    for query in ("level=warning", "text=NOT", "text=hw.bus"):
        assert [line["text"] for line in client.get(f"/log?{query}")["lines"]] == ["Not well"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("level=loud", "level"),
        ("last=-1", "last"),
        ("last=9999", "last"),
        ("after=1", "after"),
        ("follow=x", "follow"),
        (f"text={'x' * 101}", "text"),
    ],
)
def test_what_cannot_be_asked_is_told(client: Client, query: str, parameter: str) -> None:
    answer = client.send("GET", f"/log?{query}")
    assert (answer.status, answer.json["errors"][0]["parameter"]) == (422, parameter)


# ---- as a stream ----


def test_a_listener_hears_the_last_lines_and_then_what_comes(client: Client, ring: Ring) -> None:
    say(ring, "one", "two")
    with listening(client, "last=1", Accept="text/event-stream") as listener:
        assert (listener.status, listener.head["content-type"]) == (200, "text/event-stream; charset=utf-8")
        events = listener.events()
        line = {"number": 2, "at": 1_250, "level": "info", "logger": "evsed.a", "text": "two"}
        assert next(events) == ("line", f"{ring.boot}-2", line)
        say(ring, "a\nb\x1b[2J")
        name, _, line = next(events)
        assert (name, line["text"]) == ("line", "a\nb\\x1b[2J")


@pytest.mark.parametrize("way", ["header", "query"])
def test_who_comes_back_goes_on_where_he_was(client: Client, ring: Ring, way: str) -> None:
    say(ring, "one", "two", "three")
    place = f"{ring.boot}-1"
    query, headers = ("follow", {"Last_Event_ID": place}) if way == "header" else (f"follow&after={place}", {})
    with listening(client, query, **headers) as listener:
        assert listener.texts(2) == ["two", "three"]


def test_after_a_restart_there_is_a_gap_and_then_everything_since(client: Client, ring: Ring) -> None:
    say(ring, "one", "two")
    with listening(client, "follow", Last_Event_ID="0badcafe-77") as listener:
        assert next(listener.events()) == ("gap", f"{ring.boot}-0", {"why": "restarted", "boot": ring.boot})
        assert listener.texts(2) == ["one", "two"]


def test_what_is_no_id_is_none(client: Client, ring: Ring) -> None:
    say(ring, "one")
    with listening(client, Last_Event_ID="nonsense") as listener:
        assert listener.texts(1) == ["one"]


def test_who_missed_more_than_is_kept_is_told(client: Client, ring: Ring) -> None:
    say(ring, *(f"line {number}" for number in range(MOST + 5)))
    with listening(client, Last_Event_ID=f"{ring.boot}-2") as listener:
        events = listener.events()
        name, place, gap = next(events)
        assert (name, place, gap) == ("gap", f"{ring.boot}-5", {"why": "lost", "boot": ring.boot})
        numbers = [next(events)[2]["number"] for _ in range(MOST)]
        assert numbers == list(range(6, MOST + 6))


def test_debug_is_heard_by_who_wants_it_only(client: Client, ring: Ring) -> None:
    logger = logging.getLogger("evsed")
    assert not logger.isEnabledFor(logging.DEBUG)
    with listening(client, "follow&level=debug") as curious, listening(client) as other:
        wait_for(lambda: logger.isEnabledFor(logging.DEBUG), "debug is on")
        say(ring, "small", level=logging.DEBUG)
        say(ring, "large")
        assert curious.texts(2) == ["small", "large"]
        assert other.texts(1) == ["large"]
    wait_for(lambda: ring._wanted == 0, "it has left")
    ring._debug_until = 0.0
    ring.calm()
    assert not logger.isEnabledFor(logging.DEBUG)
    assert client.get("/log?level=debug")["lines"]
    assert not logger.isEnabledFor(logging.DEBUG), "a look turns nothing on"


def test_only_so_many_listen_and_they_take_no_place_of_the_state_s_streams(client: Client) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_LOG_STREAMS_OF_ONE):
            assert stack.enter_context(listening(client)).status == 200
        answer = client.send("GET", "/log?follow")
        assert answer.status == 503
        of_one = f"{MOST_LOG_STREAMS_OF_ONE} of them for one client"
        assert answer.json["detail"] == f"there are {MOST_LOG_STREAMS} event streams, {of_one}, and no more; close one"
        assert client.get("/counters")["event_streams"] == 0
        assert client.get("/log")["lines"] == []
    wait_for(lambda: client.charger.site.log_streams.taken == 0, "all have left")


def test_a_stream_ends_with_the_right_to_listen(client: Client, ring: Ring) -> None:
    token = client.charger.token("read")
    with listening(client, Authorization=token) as listener:
        say(ring, "one")
        assert listener.texts(1) == ["one"]
        client.charger.access.remove_token("read 1")
        assert list(listener.events()) == []
        assert http("GET", client.url("/log?follow"), None, Authorization=token).status == 401


def test_streams_end_when_the_daemon_stops(client: Client, ring: Ring) -> None:
    with listening(client) as listener:
        say(ring, "one")
        assert listener.texts(1) == ["one"]
        loop = client.served.server.servers[0].get_loop()
        loop.call_soon_threadsafe(client.charger.site.closing.set)
        assert list(listener.events()) == []


# ---- what is sent ----


async def sent(lines: Lines, closing: asyncio.Event, looks: list[Any], begin: Begin) -> list[bytes]:
    """What a listener is sent; at each pause the next of ``looks`` happens, and then the stream ends."""

    async def pause() -> None:
        if looks:
            looks.pop(0)()
        else:
            closing.set()

    lines._pause = pause  # type: ignore[method-assign]
    return [part async for part in lines.events(Wanted(Level.WARNING), begin)]


def test_who_reads_slowly_is_told_what_he_has_missed() -> None:
    """Nothing waits for him: what comes is in the ring, and what is there no more when he takes again is a gap."""
    ring, closing = Ring("evsed.test_log"), asyncio.Event()
    say(ring, "first", level=logging.ERROR)

    async def story() -> list[bytes]:
        told = Lines(ring, closing).events(Wanted(Level.WARNING), Begin(5))
        assert [await anext(told), b"first" in await anext(told)] == [b"retry: 2000\n\n", True]
        say(ring, *map(str, range(MOST + 10)), level=logging.ERROR)
        parts = [await anext(told), await anext(told)]
        closing.set()
        return parts

    gap, lines = asyncio.run(story())
    assert gap == f'event: gap\nid: {ring.boot}-11\ndata: {{"why":"lost","boot":"{ring.boot}"}}\n\n'.encode()
    assert lines.startswith(f"event: line\nid: {ring.boot}-12\n".encode())


def test_a_sign_of_life_carries_how_far_one_has_come() -> None:
    """Who listens to what is rare has missed nothing when lines that he does not want are gone."""
    ring, closing, now = Ring("evsed.test_log"), asyncio.Event(), [0.0]
    lines = Lines(ring, closing, lambda: now[0])

    def later() -> None:
        say(ring, "not wanted")
        now[0] += log.HEARTBEAT_S

    told = asyncio.run(sent(lines, closing, [later, lambda: None], Begin(5)))
    assert told[0] == b"retry: 2000\n\n"
    assert told[1:] == [
        f": nothing new\nid: {ring.boot}-0\n\n".encode(),
        f": nothing new\nid: {ring.boot}-1\n\n".encode(),
    ]


def test_lines_go_out_in_pieces() -> None:
    ring, closing = Ring("evsed.test_log"), asyncio.Event()
    say(ring, *map(str, range(250)), level=logging.ERROR)
    told = asyncio.run(sent(Lines(ring, closing), closing, [], Begin(1_000)))
    assert [part.count(b"event: line") for part in told[1:]] == [100, 100, 50]
    assert [int(found) for found in re.findall(rb'"text":"([0-9]+)"', b"".join(told))] == list(range(250))


def test_a_flood_keeps_no_other_request_waiting(client: Client, ring: Ring) -> None:
    over = threading.Event()

    def flood() -> None:
        while not over.is_set():
            say(ring, "x", level=logging.DEBUG)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        with listening(client) as listener, listening(client, "follow&level=debug"):
            say(ring, "heard")
            assert listener.texts(1) == ["heard"]
            assert client.get("/counters")["mqtt_connected"] is False
    finally:
        over.set()
        thread.join()
