"""The live log by telnet, over real sockets: plain lines, nothing taken, and nobody let in while login is On."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BufferedReader

import pytest

from evsed import __version__
from evsed.config import Http, Installation, Mdns
from evsed.config import Telnet as Place
from evsed.core.events import ChangeSetting
from evsed.core.snapshot import Saved
from evsed.doors import opening, telnet
from evsed.doors.entrances import Entrances
from evsed.doors.opening import Doors
from evsed.doors.telnet import CONNECTIONS, OF_ONE, Negotiation, Telnet
from evsed.logring import MOST
from tests.api.served import Charger
from tests.core.story import settings
from tests.scenarios.simulation import PATIENCE_S, free_port, wait_for

HELLO = f"evsed {__version__}, the log of smartevse-0; q ends it, nothing else is taken"


@dataclass
class House:
    """A charger whose log is to be had at ``port``."""

    charger: Charger
    telnet: Telnet
    loop: asyncio.AbstractEventLoop
    port: int

    def say(self, text: str, level: int = logging.INFO) -> None:
        record = {"msg": text, "levelno": level, "name": "evsed.a", "created": 1_800_000_000.0}
        self.charger.site.log_lines.keep(logging.makeLogRecord(record))

    @contextlib.contextmanager
    def listener(self, address: str = "127.0.0.1") -> Iterator["Listener"]:
        line = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S, (address, 0))
        with line, line.makefile("rb") as file:
            yield Listener(line, file)

    def free(self) -> None:
        wait_for(lambda: self.telnet.connections == 0, "all have left")


class Listener:
    """Somebody with a telnet."""

    def __init__(self, line: socket.socket, file: BufferedReader) -> None:
        self.line = line
        self.file = file

    def hear(self) -> str:
        """The next line; empty at the end."""
        said = self.file.readline()
        assert said.endswith(b"\r\n") or not said
        return said.decode().removesuffix("\r\n")


@pytest.fixture
def house() -> Iterator[House]:
    with Charger(Saved(settings=settings())) as charger:
        charger.access.set_pin("1234")
        found: list[House] = []
        open_ = threading.Event()

        async def serve() -> None:
            door = Telnet(charger.site, lambda unix_s: datetime.fromtimestamp(unix_s, UTC))
            end = socket.create_server(("127.0.0.1", 0))
            await door.start(end)
            found.append(House(charger, door, asyncio.get_running_loop(), end.getsockname()[1]))
            open_.set()
            await charger.site.closing.wait()
            door.close()
            await asyncio.sleep(0.01)

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        assert open_.wait(PATIENCE_S)
        wait_for(lambda: charger.runtime.snapshot.unix_s, "the time of day is known")
        yield found[0]
        found[0].loop.call_soon_threadsafe(charger.site.closing.set)
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_what_was_and_what_comes_is_told_in_plain_lines(house: House) -> None:
    house.say("before")
    with house.listener() as listener:
        assert listener.hear() == HELLO
        assert listener.hear() == "2027-01-15 08:00:00 INFO    before"
        house.say("Traceback\n  in évsed\x1b[2J, pin=1234", logging.ERROR)
        assert listener.hear() == "2027-01-15 08:00:00 ERROR   Traceback"
        assert listener.hear() == "      in évsed\\x1b[2J, pin=***"


@pytest.mark.parametrize(
    "pressed",
    [b"q\r\n", b"Q", b"\x04", b"\x03", b"\xff\xf4\xff\xfd\x06", b"\xff\xec", b"hello\r\nq", b"x" * 70_000],
)
def test_who_wants_to_leave_does(house: House, pressed: bytes) -> None:
    with house.listener() as listener:
        assert listener.hear() == HELLO
        with contextlib.suppress(OSError):
            listener.line.sendall(pressed)
            assert listener.hear() == ""
        house.free()


def test_negotiation_and_commands_are_ignored(house: House) -> None:
    with house.listener() as listener:
        assert listener.hear() == HELLO
        for part in (b"\xff\xfd", b"q\xff\xfaq", b"q\xff\xf0GET / HTTP/1.1\r\nset mode\r\n", b"\xff\xff\xff"):
            listener.line.sendall(part)
        house.say("still here")
        assert listener.hear().endswith("still here")


def test_a_command_is_told_from_typing_however_it_is_cut() -> None:
    said = b"\xff\xfbq\xff\xfa\x18q q\xff\xf0ab\xff\xf1\xff\xfdQ"
    for first in range(len(said)):
        for second in range(first, len(said)):
            negotiation = Negotiation()
            parts = (said[:first], said[first:second], said[second:])
            assert not any(negotiation.wants_to_leave(part) for part in parts), parts
            assert negotiation.wants_to_leave(b"q")


def test_only_so_many_are_let_in(house: House) -> None:
    full = "there are 4 connections, 2 of them for one address, and no more; close one"
    with contextlib.ExitStack() as stack:
        for number in range(CONNECTIONS):
            address = f"127.0.0.{2 + number // OF_ONE}"
            assert stack.enter_context(house.listener(address)).hear() == HELLO
            if number == OF_ONE - 1:
                with house.listener(address) as of_the_same:
                    assert of_the_same.hear() == full
        with house.listener("127.0.0.9") as one_more:
            assert one_more.hear() == full
            assert one_more.hear() == ""
    house.free()
    with house.listener() as listener:
        assert listener.hear() == HELLO


def test_with_login_on_nobody_hears_anything(house: House) -> None:
    with house.listener() as before:
        assert before.hear() == HELLO
        house.charger.runtime.submit(ChangeSetting("login", 1)).result(PATIENCE_S)
        assert before.hear().startswith("this charger asks for a login, and telnet has none")
        assert before.hear() == ""
    house.say("nobody's business")
    with house.listener() as after:
        assert after.hear().startswith("this charger asks for a login, and telnet has none")
        assert after.hear() == ""


def test_who_takes_nothing_is_hung_up_on_and_holds_up_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telnet, "TAKING_S", 0.2)
    monkeypatch.setattr(telnet, "LOOK_S", 0.01)
    with house.listener() as slow:
        slow.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        assert slow.hear() == HELLO
        with house.listener() as quick:
            assert quick.hear() == HELLO
            while house.telnet.connections == 2:
                for _ in range(50):
                    house.say("x" * 2_000)
                while not quick.hear().endswith("x"):
                    pass
                house.say("now")
                while not quick.hear().endswith("now"):
                    pass


def test_who_is_slow_is_told_that_lines_are_lost(house: House) -> None:
    with house.listener() as listener:
        assert listener.hear() == HELLO
        done = threading.Event()

        def flood() -> None:  # on the loop: nobody is sent anything meanwhile
            for number in range(MOST + 100):
                house.say(f"line {number}")
            done.set()

        house.loop.call_soon_threadsafe(flood)
        assert done.wait(PATIENCE_S)
        assert listener.hear() == "... some lines were lost ..."
        assert listener.hear().endswith(" line 100")


def test_a_port_that_is_taken_keeps_no_other_door_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opening, "AGAIN_S", 0.05)
    place = Place(port=free_port())
    installation = Installation(http=Http("127.0.0.1", free_port()), telnet=place, mdns=Mdns(enabled=False))
    installation = replace(installation, control=replace(installation.control, socket=""))

    async def story(charger: Charger) -> None:
        over = asyncio.Event()
        taken = socket.create_server((place.host, place.port))
        entrances = Entrances(
            installation, charger.app, charger.refusals.note, Doors(over, patient=True), over, charger.site
        )
        serving = entrances.open(None)
        reader, writer = await opened(installation.http.port)
        writer.close()
        while "telnet.port" not in caplog.text:
            await asyncio.sleep(0.01)
        taken.close()
        reader, writer = await opened(place.port)
        assert await reader.readline() == f"{HELLO}\r\n".encode()
        over.set()
        charger.site.closing.set()
        entrances.leave()
        assert await reader.read() == b""
        writer.close()
        await serving

    async def opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.01)

    with Charger(installation=installation) as charger:
        asyncio.run(asyncio.wait_for(story(charger), PATIENCE_S))
    assert "Charging goes on without it" in caplog.text
