"""What a request may hold, without a server."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from evsed.api.bounds import GIVE_BACK, LONGEST_BODY, Bounds, EventStream, Places

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/api/v1/x", "raw_path": b"/api/v1/x", "headers": []}


class Client:
    """One request, whose body comes in ``chunks``; with ``stays`` the client listens as long as it is answered."""

    def __init__(self, *chunks: bytes, stays: bool = False) -> None:
        self._chunks = list(chunks)
        self._stays = stays
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if self._chunks:
            chunk = self._chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks)}
        if self._stays:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def detail(self) -> str:
        detail: str = json.loads(b"".join(message.get("body", b"") for message in self.sent))["detail"]
        return detail


class App:
    """Remembers the bodies that it saw; waits for ``go_on`` with its answer."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append((await receive())["body"])
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})


def ask(*chunks: bytes, **scope: Any) -> tuple[Client, list[bytes]]:
    """What a client is answered, and the bodies that the application saw."""

    async def request() -> tuple[Client, list[bytes]]:
        app, client = App(), Client(*chunks)
        await Bounds(app)({**SCOPE, **scope}, client.receive, client.send)
        return client, app.bodies

    return asyncio.run(request())


def test_a_body_comes_whole() -> None:
    client, bodies = ask(b"a", b"", b"b" * (LONGEST_BODY - 1))
    assert (client.status, bodies) == (200, [b"a" + b"b" * (LONGEST_BODY - 1)])


def test_a_body_that_is_too_long_is_seen_by_nobody() -> None:
    client, bodies = ask(b"a", b"b" * LONGEST_BODY)
    assert (client.status, client.detail, bodies) == (413, "the body is longer than 65536 bytes", [])


def test_reading_away_what_is_too_long_ends() -> None:
    client = Client(*[b"x" * 1_000_000] * 20)
    asyncio.run(Bounds(App())(SCOPE, client.receive, client.send))
    assert client.status == 413
    assert len(client._chunks) == 15


def test_a_client_that_leaves_is_answered_nothing() -> None:
    client, bodies = ask()
    assert (client.sent, bodies) == ([], [])


def test_long_heads_are_refused_unread() -> None:
    assert ask(b"", headers=[(b"x", b"y" * 16_000)])[0].status == 200
    assert ask(b"", headers=[(b"x", b"y" * 16_384)])[0].status == 431
    assert ask(b"", headers=[(b"x", b"y")] * 8_193)[0].status == 431
    assert ask(b"", raw_path=b"/" * 8_193)[0].status == 414
    assert ask(b"", query_string=b"/" * 8_192)[0].status == 414


def test_too_many_at_once_are_told_to_come_again() -> None:
    async def requests() -> None:
        app = App()
        app.go_on.clear()
        bounds = Bounds(app, most_at_once=2)
        first, second, third, fourth = (Client(b"") for _ in range(4))
        async with asyncio.TaskGroup() as group:
            for client in (first, second):
                group.create_task(bounds(SCOPE, client.receive, client.send))
            while len(app.bodies) < 2:
                await asyncio.sleep(0)
            await bounds(SCOPE, third.receive, third.send)
            app.go_on.set()
        assert (third.status, third.detail) == (503, "2 requests are at work already; try again in a second")
        assert (b"retry-after", b"1") in third.sent[0]["headers"]
        assert (first.status, second.status, len(app.bodies)) == (200, 200, 2)
        await bounds(SCOPE, fourth.receive, fourth.send)
        assert fourth.status == 200

    asyncio.run(requests())


async def endless(begun: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"data: 1\n\n"
    begun.set()
    await asyncio.Event().wait()


def test_one_client_cannot_have_all_places() -> None:
    places = Places(3, 2)
    with places.one("a"), places.one("a"):
        assert (places.taken, places.full, places.full_for("a"), places.full_for("b")) == (2, False, True, False)
        with places.one("b"):
            assert places.full_for("c")
    assert (places.taken, places.full_for("a")) == (0, False)


UPLOAD = {**SCOPE, "path": "/update", "raw_path": b"/update"}


def test_slow_uploads_take_nobody_elses_place() -> None:
    async def requests() -> None:
        app = App()
        app.go_on.clear()
        bounds = Bounds(app, most_at_once=1, most_unread=2)
        uploads, late, other = [Client(b"") for _ in range(2)], Client(b"x", b"y"), Client(b"")
        async with asyncio.TaskGroup() as group:
            for client in uploads:
                group.create_task(bounds(UPLOAD, client.receive, client.send))
            while len(app.bodies) < 2:
                await asyncio.sleep(0)
            await bounds(UPLOAD, late.receive, late.send)
            group.create_task(bounds(SCOPE, other.receive, other.send))
            while len(app.bodies) < 3:
                await asyncio.sleep(0)
            app.go_on.set()
        assert (late.status, late.detail) == (503, "2 uploads are at work already; try again later")
        assert (b"connection", b"close") in late.sent[0]["headers"]
        assert late._chunks == [], "it was read away, without a place"
        assert [client.status for client in (*uploads, other)] == [200] * 3

    asyncio.run(requests())


def test_an_upload_that_was_refused_gives_its_place_back_before_it_is_read_away() -> None:
    async def requests() -> None:
        reading = asyncio.Event()
        bodies: list[bytes] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[GIVE_BACK]()
            bodies.append((await receive())["body"])
            await reading.wait()
            await send({"type": "http.response.start", "status": 400, "headers": []})

        bounds, clients = Bounds(app, most_unread=1), [Client(b"") for _ in range(5)]
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(bounds(UPLOAD, client.receive, client.send))
            while len(bodies) < 5:
                await asyncio.sleep(0)
            reading.set()
        assert {client.status for client in clients} == {400}
        assert not bounds._unread.taken

    asyncio.run(requests())


def test_streams_have_places_which_they_give_back() -> None:
    async def listen() -> None:
        places = Places(1)
        scope: Scope = {**SCOPE, "asgi": {"spec_version": "2.3"}}
        begun = asyncio.Event()
        listener, late = Client(stays=True), Client(stays=True)
        listening = asyncio.create_task(EventStream(places, endless(begun))(scope, listener.receive, listener.send))
        await begun.wait()
        assert (places.taken, listener.sent[1]["body"]) == (1, b"data: 1\n\n")
        await EventStream(places, endless(begun))(scope, late.receive, late.send)
        assert (late.status, late.detail) == (
            503,
            "there are 1 event streams, 1 of them for one client, and no more; close one",
        )
        listening.cancel()
        await asyncio.wait([listening])
        assert not places.full
        gone = Client()
        await EventStream(places, endless(begun))(scope, gone.receive, gone.send)
        assert places.taken == 0

    asyncio.run(listen())
