"""/api/v1/events: an event at once and at every change, one encoding for all, and an end."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from evsed import __version__
from evsed.api.bounds import MOST_STREAMS, MOST_STREAMS_OF_ONE
from evsed.api.site import BusyError
from evsed.api.v1.feed import PERIOD_S, REPEATS_S, Feed, lasting
from tests.api.served import Served
from tests.api.v1.v1 import Client
from tests.scenarios.simulation import PATIENCE_S, wait_for


class Charger:
    """A state that a test changes, and a clock that it moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.state: dict[str, Any] = {"state": "A", "uptime_s": 1, "meters": {"mains": {"age_s": 0.1, "power_w": 5}}}
        self.busy = False
        self.told = 0
        self.closing = asyncio.Event()
        self.feed = Feed(self.document, self.closing, lambda: self.now)

    def document(self) -> dict[str, Any]:
        self.told += 1
        if self.busy:
            raise BusyError("the control loop does not answer")
        return self.state


def parts(text: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.decode().strip().split("\n"))


def test_what_passes_by_itself_is_no_change() -> None:
    charger = Charger()
    first = charger.feed.latest()
    assert parts(first.text) == {"event": "state", "id": "1", "data": json.dumps(charger.state, separators=(",", ":"))}
    charger.now += PERIOD_S
    charger.state = {"state": "A", "uptime_s": 2, "meters": {"mains": {"age_s": 0.6, "power_w": 5}}}
    second = charger.feed.latest()
    assert second.number == 1
    assert json.loads(parts(second.text)["data"])["uptime_s"] == 2  # who comes now is told how it is now
    charger.now += PERIOD_S
    charger.state = {"state": "A", "uptime_s": 2, "meters": {"mains": {"age_s": 0.6, "power_w": 6}}}
    assert charger.feed.latest().number == 2


def test_all_listeners_share_one_look() -> None:
    charger = Charger()
    events = {charger.feed.latest().text for _ in range(100)}
    assert (len(events), charger.told) == (1, 1)


def test_a_control_loop_that_does_not_answer_is_told_once_and_its_return_too() -> None:
    charger = Charger()
    charger.feed.latest()
    charger.busy = True
    charger.now += PERIOD_S
    trouble = parts(charger.feed.latest().text)
    assert (trouble["event"], trouble["id"]) == ("trouble", "2")
    assert json.loads(trouble["data"]) == {"detail": "the control loop does not answer"}
    charger.now += PERIOD_S
    assert charger.feed.latest().number == 2
    charger.busy = False
    charger.now += PERIOD_S
    assert parts(charger.feed.latest().text)["event"] == "state"


def test_lasting_looks_into_lists() -> None:
    assert lasting({"a": [{"age_s": 1, "b": 2}], "uptime_s": 3}) == {"a": [{"b": 2}]}


def stepping(charger: Charger, steps: list[Callable[[], None]]) -> Callable[[], Awaitable[None]]:
    """Takes the place of the wait between two looks: each time the next step happens, and then it is closed."""

    async def pause() -> None:
        charger.now += PERIOD_S
        if steps:
            steps.pop(0)()
        else:
            charger.closing.set()

    return pause


async def collected(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [text async for text in stream]


def test_a_listener_is_told_at_once_then_changes_and_the_same_again_when_nothing_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    charger = Charger()

    def change() -> None:
        charger.state = {**charger.state, "state": "B"}

    def long() -> None:
        charger.now += REPEATS_S

    monkeypatch.setattr(charger.feed, "_pause", stepping(charger, [lambda: None, change, long, lambda: None]))
    told = asyncio.run(collected(charger.feed.events()))
    assert told[0] == b'retry: 2000\n\nevent: charger\ndata: {"version": "%s"}\n\n' % __version__.encode()
    assert [parts(text)["event"] for text in told[1:]] == ["state"] * 3
    assert [parts(text)["id"] for text in told[1:]] == ["1", "2", "2"]


# ---- over HTTP ----


class Listener:
    """A client of the stream."""

    def __init__(self, served: Served) -> None:
        self.connection = served.connect()
        self.connection.settimeout(PATIENCE_S)
        self.connection.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.file = self.connection.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.head = dict(line.decode().strip().lower().split(": ", 1) for line in iter(self.file.readline, b"\r\n"))

    def lines(self) -> Iterator[str]:
        """What comes, without HTTP's chunks; ends with the connection."""
        for line in self.file:
            text = line.decode().strip()
            if ":" in text:
                yield text

    def event(self, name: str) -> dict[str, Any]:
        """The data of the next event with this name."""
        lines = self.lines()
        for line in lines:
            if line == f"event: {name}":
                assert next(lines).startswith("id: ")
                data: dict[str, Any] = json.loads(next(lines).removeprefix("data: "))
                return data
        pytest.fail("the stream ended")

    def close(self) -> None:
        self.file.close()
        self.connection.close()


@contextmanager
def listening(client: Client, number: int = 1) -> Iterator[list[Listener]]:
    listeners = [Listener(client.served) for _ in range(number)]
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


def test_a_listener_hears_the_state_and_what_changes_it(client: Client) -> None:
    with listening(client, 2) as (one, other):
        assert (one.status, one.head["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert one.head["cache-control"] == "no-store"
        state = one.event("state")
        assert state.keys() == client.get("/state").keys()
        assert (state["mode"], other.event("state")["mode"]) == ("NORMAL", "NORMAL")
        client.send("PUT", "/mode", {"mode": "Pause"})
        for listener in (one, other):
            while listener.event("state")["mode"] != "PAUSE":
                pass


def test_only_so_many_may_listen_and_a_place_becomes_free_when_one_leaves(client: Client) -> None:
    with listening(client, MOST_STREAMS_OF_ONE):
        assert client.get("/counters")["event_streams"] == MOST_STREAMS_OF_ONE
        answer = client.send("GET", "/events")
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        of_one = f"{MOST_STREAMS_OF_ONE} of them for one client"
        assert answer.json["detail"] == f"there are {MOST_STREAMS} event streams, {of_one}, and no more; close one"
    wait_for(lambda: client.get("/counters")["event_streams"] == 0, "all have left")
    with listening(client) as (again,):
        assert again.status == 200


def test_who_does_not_read_gets_the_newest_later_and_holds_up_nobody(client: Client) -> None:
    with listening(client, 2) as (slow, quick):
        slow.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        for mode in ("Pause", "Normal", "Off", "Smart"):
            client.send("PUT", "/mode", {"mode": mode})
            while quick.event("state")["mode"] != mode.upper():
                pass
        while slow.event("state")["mode"] != "SMART":
            pass


def test_streams_end_when_the_daemon_stops(client: Client) -> None:
    with listening(client) as (listener,):
        listener.event("state")
        loop = client.served.server.servers[0].get_loop()
        ended = threading.Event()

        def read() -> None:
            for _ in listener.lines():
                pass
            ended.set()

        reader = threading.Thread(target=read)
        reader.start()
        loop.call_soon_threadsafe(client.charger.site.closing.set)
        wait_for(lambda: client.get("/counters")["event_streams"] == 0, "the stream has ended")
        client.served.server.should_exit = True
        assert ended.wait(PATIENCE_S)
        reader.join(PATIENCE_S)
