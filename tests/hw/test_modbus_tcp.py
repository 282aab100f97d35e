"""Modbus TCP, asked by two public clients: pymodbus and mbpoll."""

import asyncio
import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusTcpClient

from evsed.config import ConfigError, Modbus, load
from evsed.core.model import Access
from evsed.core.snapshot import Saved
from evsed.doors import opening, webserver
from evsed.doors.webserver import listen
from evsed.hw import modbus_tcp
from evsed.hw.modbus_tcp import CONNECTIONS, ModbusTcp
from evsed.runtime import Runtime
from tests.core.story import settings
from tests.scenarios.simulation import wait_for
from tests.test_runtime import PATIENCE_S, Board, Keeper

SERIAL = 0x1_2345
PAGE = Path(__file__).parents[2] / "docs" / "modbus.md"


class Refusals:
    """What was noted."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str, str]] = []

    def note(self, where: str, given: str, why: str) -> None:
        self.noted.append((where, given, why))


@dataclass
class Served:
    """A control loop and the server on it, with an event loop on a thread of its own."""

    writable: bool = False
    idle_s: float = modbus_tcp.IDLE_S
    refusals: Refusals = field(default_factory=Refusals)

    def __enter__(self) -> "Served":
        saved = Saved(settings=settings(current_max=16))
        self.runtime = Runtime(Board(), Keeper(), saved, lambda: None)
        self.runtime.start()
        door = listen("127.0.0.1", 0)
        self.port: int = door.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        started = threading.Event()

        async def serve() -> None:
            self.server = ModbusTcp(
                self.runtime, SERIAL, self.refusals.note, writable=self.writable, idle_s=self.idle_s
            )
            await self.server.start(door)
            started.set()
            await self._over.wait()
            self.server.close()
            while self.server.connections:
                await asyncio.sleep(0)

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()))
        self._thread.start()
        assert started.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()
        self.runtime.leave()
        assert self.runtime.join(PATIENCE_S)

    def client(self) -> ModbusTcpClient:
        client = ModbusTcpClient("127.0.0.1", port=self.port, timeout=PATIENCE_S, retries=0)
        assert client.connect()  # type: ignore[no-untyped-call]
        return client

    def mbpoll(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        words = ("mbpoll", "-m", "tcp", "-p", str(self.port), "-0", "-1", "-o", "10", "-q", "127.0.0.1", *arguments)
        return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as served:
        yield served


@pytest.fixture
def writable() -> Iterator[Served]:
    with Served(writable=True) as served:
        yield served


def exception(answer: Any) -> int:
    assert answer.isError()
    code: int = answer.exception_code
    return code


# ---- pymodbus ----


def test_status_and_settings_are_read_with_either_function(served: Served) -> None:
    with served.client() as client:
        status = client.read_input_registers(0, count=12).registers
        assert status == client.read_holding_registers(0, count=12).registers
        assert status[:8] == [0, 0, 0, 0, 0, 1, 0, 0]
        assert status[9:] == [0x8000, 0, 0x2345]
        assert client.read_holding_registers(0x0100, count=10).registers == [0, 0, 6, 16, 0, 0, 1, 0, 4, 12]
        assert client.read_holding_registers(0x0200, count=22).registers[4] == 25


@pytest.mark.parametrize("unit", [0, 1, 8, 255])
def test_every_unit_is_us(served: Served, unit: int) -> None:
    with served.client() as client:
        answer = client.read_holding_registers(0x0103, device_id=unit)
        assert (answer.registers, answer.dev_id) == ([16], unit)


def test_there_is_nothing_between_the_blocks(served: Served) -> None:
    with served.client() as client:
        assert exception(client.read_input_registers(12)) == 2
        assert exception(client.read_holding_registers(0x0100, count=11)) == 2
        assert exception(client.read_coils(0)) == 1
    assert ("Modbus TCP register 0x000c", "00 0c 00 01", "there is no register 0x000c to read") in served.refusals.noted


def test_writing_is_off_unless_the_configuration_allows_it(served: Served) -> None:
    with served.client() as client:
        assert exception(client.write_register(0x0103, 10)) == 1
        assert exception(client.write_registers(0x0103, [10])) == 1
        assert client.read_holding_registers(0x0103).registers == [16]
    assert served.refusals.noted[0] == (
        "Modbus TCP register 0x0103",
        "01 03 00 0a",
        "writing is off: modbus.writable = true (configuration) allows it",
    )


def test_what_is_written_is_read_back_at_once(writable: Served) -> None:
    with writable.client() as client:
        for number, register, value in ((6, 0x0102, 8), (16, 0x0206, 35), (6, 2, 80), (16, 3, 1), (6, 5, 2)):
            if number == 6:
                answer = client.write_register(register, value)
                assert (answer.address, answer.registers) == (register, [value])
            else:
                answer = client.write_registers(register, [value])
                assert (answer.address, answer.count) == (register, 1)
            assert not answer.isError()
            if register != 2:
                assert client.read_holding_registers(register).registers == [value]
    snapshot = writable.runtime.snapshot
    assert (snapshot.settings.solar_stop_time, snapshot.override, snapshot.access) == (35, 80, Access.PAUSE)


def test_what_is_refused_changes_nothing(writable: Served) -> None:
    before = writable.runtime.snapshot
    with writable.client() as client:
        assert exception(client.write_register(0x0102, 17)) == 3
        assert exception(client.write_registers(0x0205, [4, 10])) == 3
        for register in (0x0103, 0x0204):  # the installer's
            assert exception(client.write_register(register, 20)) == 2
        assert exception(client.write_register(0x020A, 0)) == 2
        assert exception(client.write_register(0, 2)) == 2
        assert exception(client.write_register(2, 50)) == 3  # less than MIN: the core's word
    after = writable.runtime.snapshot
    assert (after.settings, after.override, after.state) == (before.settings, before.override, before.state)
    where, given, why = writable.refusals.noted[-1]
    assert (where, given) == ("Modbus TCP register 0x0002", "00 02 00 32")
    assert "Modbus knows no login" in " ".join(noted[2] for noted in writable.refusals.noted)
    assert why == "the override takes 0 or 60 to 160 (0.1 A); not 50"


def test_a_control_loop_that_hangs_is_a_device_failure(writable: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runtime, "hangs", property(lambda _self: True))
    with writable.client() as client:
        assert exception(client.read_input_registers(0, count=8)) == 4
        assert exception(client.write_register(0x0102, 10)) == 4


def test_a_command_without_an_answer_is_a_device_failure(writable: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_tcp, "_CONTROL_ANSWERS_S", 0.01)
    monkeypatch.setattr(Runtime, "submit", lambda _self, _command: Future())
    with writable.client() as client:
        assert exception(client.write_register(0x0102, 10)) == 4
    assert writable.refusals.noted[-1][2] == "the control loop does not answer"


# ---- mbpoll ----


def test_mbpoll_reads(served: Served) -> None:
    answer = served.mbpoll("-t", "4", "-r", "256", "-c", "4")
    assert answer.returncode == 0, answer.stderr
    assert [line.split() for line in answer.stdout.splitlines() if line.startswith("[")] == [
        ["[256]:", "0"],
        ["[257]:", "0"],
        ["[258]:", "6"],
        ["[259]:", "16"],
    ]
    assert "16" in served.mbpoll("-t", "3", "-r", "259", "-a", "8").stdout
    assert "Illegal data address" in served.mbpoll("-t", "4", "-r", "266").stderr
    assert "Illegal function" in served.mbpoll("-t", "4", "-r", "259", "10").stderr
    assert "Illegal function" in served.mbpoll("-t", "0", "-r", "0").stderr


def test_mbpoll_writes_where_it_may(writable: Served) -> None:
    assert "Written 1 references" in writable.mbpoll("-t", "4", "-r", "258", "10").stdout
    assert writable.runtime.snapshot.settings.current_min == 10
    assert "Illegal data value" in writable.mbpoll("-t", "4", "-r", "258", "17").stderr
    assert "Illegal data address" in writable.mbpoll("-t", "4", "-r", "0", "2").stderr
    assert "Illegal data address" in writable.mbpoll("-t", "4", "-r", "259", "10").stderr
    assert (writable.runtime.snapshot.settings.current_min, writable.runtime.snapshot.settings.current_max) == (10, 16)


def test_the_examples_of_the_page_work(writable: Served, tmp_path: Path) -> None:
    lines = re.findall(r"^mbpoll (.*?)(?: +#.*)?$", PAGE.read_text(), re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        words = line.replace("502", str(writable.port)).replace("localhost", "127.0.0.1").split()
        subprocess.run(("mbpoll", *words, "-o", "10"), capture_output=True, timeout=PATIENCE_S, check=True)
    assert writable.runtime.snapshot.settings.current_min == 10
    (configured,) = re.findall(r"^```toml\n(\[modbus\]\n.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "evsed.toml").write_text(configured)
    assert load(tmp_path / "evsed.toml").modbus == Modbus(port=502, writable=True)


# ---- the daemon's own ----


def test_a_port_that_is_taken_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webserver, "_LEAVING_S", 0.0)
    with listen("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError) as refusal:
            opening.open_door("modbus", Modbus("127.0.0.1", port))
    why = "another program uses it; end that one, or choose another modbus.port"
    assert str(refusal.value) == f"modbus: 127.0.0.1 port {port}: {why}"


# ---- who speaks something else, or too much ----


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a protocol that there is not": bytes.fromhex("0001000100060103000000010001"),
    "no function": bytes.fromhex("000100000001 01"),
    "too long": bytes.fromhex("0001000000ff01") + bytes(254),
    "zeros": bytes(7),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_who_speaks_something_else_is_hung_up_on(served: Served, garbage: bytes) -> None:
    with served.raw() as client:
        client.sendall(garbage)
        with contextlib.suppress(ConnectionResetError):  # it hung up before it had read everything
            assert client.recv(100) == b""
    assert "does not speak Modbus TCP: hung up" in served.refusals.noted[-1][2]
    with served.client() as other:
        assert other.read_holding_registers(0x0103).registers == [16]


MALFORMED = {
    "no count": ("03 00 00", "83 03"),
    "count 0": ("03 0000 0000", "83 03"),
    "count 126": ("04 0000 007e", "84 03"),
    "one byte more": ("06 0103 000a 00", "86 03"),
    "no values": ("10 0103 0001", "90 03"),
    "no register": ("10 0103 0000 00", "90 03"),
    "too many": ("10 0103 007c f8" + "00" * 246, "90 03"),
    "bytes said wrong": ("10 0103 0001 04 000a", "90 03"),
    "bytes missing": ("10 0103 0002 04 000a", "90 03"),
    "an exception": ("83 02", "83 01"),
    "function 0": ("00", "80 01"),
    "masked write": ("16 0103 ffff 000a", "96 01"),
    "beyond the last register": ("03 ffff 0002", "83 02"),
}


@pytest.mark.parametrize(("asked", "answered"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_answered_and_the_next_one_too(writable: Served, asked: str, answered: str) -> None:
    pdu = bytes.fromhex(asked)
    with writable.raw() as client:
        for transaction in (b"\x12\x34", b"\xff\xff"):
            client.sendall(transaction + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + b"\x07" + pdu)
            assert client.recv(100) == transaction + b"\0\0\0\x03\x07" + bytes.fromhex(answered)
    assert writable.runtime.snapshot.settings.current_max == 16


def test_requests_may_come_in_pieces_and_several_at_once(served: Served) -> None:
    request = bytes.fromhex("0001 0000 0006 01 03 0103 0001")
    answer = bytes.fromhex("0001 0000 0005 01 03 02 0010")
    with served.raw() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request:
            client.sendall(bytes((byte,)))
        client.sendall(request * 2)
        received = b""
        while len(received) < 3 * len(answer):
            received += client.recv(100)
        assert received == answer * 3


def test_more_connections_than_allowed_are_hung_up_on_and_the_others_live(served: Served) -> None:
    clients = [served.raw() for _ in range(CONNECTIONS)]
    wait_for(lambda: served.server.connections == CONNECTIONS, "all are open")
    with served.raw() as one_too_many:
        assert one_too_many.recv(1) == b""
    assert served.refusals.noted[-1][2] == f"{CONNECTIONS} connections are open already"
    for client in clients:
        client.sendall(bytes.fromhex("0001 0000 0006 01 03 0103 0001"))
        assert client.recv(100)[-2:] == b"\0\x10"
    for client in clients:
        client.close()
    wait_for(lambda: served.server.connections == 0, "all are closed")
    with served.client() as again:
        assert again.read_holding_registers(0x0103).registers == [16]


def test_who_says_nothing_for_long_is_hung_up_on() -> None:
    with Served(idle_s=0.05) as served, served.raw() as client:
        client.sendall(b"\0\1")
        assert client.recv(1) == b""


def test_a_client_that_vanishes_in_the_middle_is_no_trouble(served: Served) -> None:
    served.raw().close()
    with served.raw() as client:
        client.sendall(b"\0\1\0\0\0\6")
    wait_for(lambda: served.server.connections == 0, "it is forgotten")
    with served.client() as again:
        assert again.read_holding_registers(0x0103).registers == [16]
