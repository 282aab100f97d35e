"""The doors of one daemon: which of them are open, to whom, and that none waits for another."""

import asyncio
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from evsed.config import Control, Http, Installation, Mdns, State, Tls
from evsed.doors import opening, webserver
from evsed.doors.entrances import Entrances
from evsed.doors.opening import Doors
from evsed.localweb import ControlConnection
from tests.api.served import Charger
from tests.documents.pages import ROOT, blocks
from tests.scenarios.simulation import PATIENCE_S, free_port, wait_for
from tests.silicon.environment import AS_COLLECTED


@dataclass
class House:
    """A directory, and an installation that serves at it; within ``open``."""

    directory: Path
    installation: Installation = field(init=False)

    def __post_init__(self) -> None:
        self.installation = Installation(
            serial=1,
            http=Http("127.0.0.1", free_port()),
            tls=Tls(enabled=True, port=free_port()),
            control=Control(str(self.directory / "control.sock")),
            state=State(str(self.directory)),
            mdns=Mdns(enabled=False),
        )

    @contextlib.contextmanager
    def open(self) -> Iterator[Charger]:
        with Charger(installation=self.installation) as charger:
            ready, ends = threading.Event(), []

            async def serve() -> None:
                over = asyncio.Event()
                loop = asyncio.get_running_loop()
                ends.append(lambda: loop.call_soon_threadsafe(over.set))
                entrances = Entrances(
                    self.installation, charger.app, charger.refusals.note, Doors(over, patient=True), over
                )
                serving = entrances.open(None)
                ready.set()
                await over.wait()
                entrances.leave()
                await asyncio.to_thread(entrances.close)
                await serving

            thread = threading.Thread(target=lambda: asyncio.run(serve()))
            thread.start()
            assert ready.wait(PATIENCE_S)
            try:
                yield charger
            finally:
                ends[0]()
                thread.join(PATIENCE_S)
                assert not thread.is_alive()

    # ---- who asks ----

    def here(self) -> str:
        return said(ControlConnection(Path(self.installation.control.socket), PATIENCE_S))

    def plain(self) -> str:
        return said(HTTPConnection("127.0.0.1", self.installation.http.port, timeout=PATIENCE_S))

    def secure(self) -> str:
        context = ssl.create_default_context(cafile=str(self.directory / "tls.crt"))
        return said(HTTPSConnection("127.0.0.1", self.installation.tls.port, timeout=PATIENCE_S, context=context))


def said(connection: HTTPConnection) -> str:
    with contextlib.closing(connection):
        connection.request("GET", "/api/v1/access")
        answer: Any = json.loads(connection.getresponse().read())
        return str(answer.get("right", answer))


def opened(ask: Any) -> str:
    """What somebody is told, as soon as the door is open."""
    told: list[str] = []

    def asked() -> bool:
        with contextlib.suppress(OSError):
            told.append(ask())
        return bool(told)

    wait_for(asked, "the door is open")
    return told[0]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(opening, "AGAIN_S", 0.05)
    monkeypatch.setattr("evsed.doors.tls.LOOK_EVERY_S", 0.05)
    return House(tmp_path)


def test_every_door_opens_and_only_root_s_lets_in_to_install(house: House) -> None:
    with house.open():
        assert opened(house.here) == "install"
        assert opened(house.plain) == "operate"
        assert opened(house.secure) == "operate"
    assert not Path(house.installation.control.socket).exists()


def test_with_port_0_there_is_no_plain_http(house: House) -> None:
    port = house.installation.http.port
    house.installation = replace(house.installation, http=replace(house.installation.http, port=0))
    with house.open():
        assert opened(house.secure) == "operate"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), PATIENCE_S)


def test_a_port_that_is_taken_keeps_no_other_door_closed(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with contextlib.ExitStack() as taken:
        for port in (house.installation.http.port, house.installation.tls.port):
            taken.enter_context(socket.create_server(("127.0.0.1", port)))
        with house.open():
            assert opened(house.here) == "install"
            for table in ("http", "tls"):
                wait_for(lambda key=f"{table}.port": f"choose another {key}" in caplog.text, "it is told")  # type: ignore[misc]
            taken.close()
            assert opened(house.plain) == "operate"
            assert opened(house.secure) == "operate"


def test_without_a_control_socket_the_others_serve(house: House, caplog: pytest.LogCaptureFixture) -> None:
    Path(house.installation.control.socket).write_text("mine")
    with house.open():
        assert opened(house.plain) == "operate"
    assert "is there, and is no socket" in caplog.text
    assert Path(house.installation.control.socket).read_text() == "mine"


def test_a_certificate_that_is_mended_opens_the_door(house: House, caplog: pytest.LogCaptureFixture) -> None:
    own = house.directory / "own"
    own.mkdir()
    with House(own).open():
        wait_for((own / "tls.crt").exists, "a certificate is made")
    tls = replace(house.installation.tls, certificate=str(house.directory / "tls.crt"), key=str(own / "tls.key"))
    house.installation = replace(house.installation, tls=tls)
    with house.open():
        assert opened(house.plain) == "operate"
        wait_for(lambda: "there is no TLS until it is mended" in caplog.text, "it is told")
        (own / "tls.crt").rename(house.directory / "tls.crt")
        assert opened(house.secure) == "operate"


def test_another_user_at_the_socket_is_hung_up_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webserver, "lets_in", lambda _peer: False)
    with house.open() as charger:
        assert opened(house.plain) == "operate"
        wait_for(Path(house.installation.control.socket).exists, "the socket is there")
        with pytest.raises(ConnectionError):
            house.here()
        wait_for(lambda: charger.refusals.count == 1, "it is counted")


def test_who_fills_the_network_s_places_does_not_keep_root_out(house: House) -> None:
    with house.open(), contextlib.ExitStack() as held:
        assert opened(house.plain) == "operate"
        for _ in range(webserver.Bounds().of_one_client + 10):
            held.enter_context(socket.create_connection(("127.0.0.1", house.installation.http.port), PATIENCE_S))
        with pytest.raises(AssertionError):
            assert house.plain() == "operate"
        assert opened(house.here) == "install"


def test_the_commands_of_the_page_on_tls_run(house: House) -> None:
    with house.open():
        assert opened(house.secure) == "operate"
        (house.directory / "evsed.pem").write_bytes((house.directory / "tls.crt").read_bytes())
        (block,) = blocks(ROOT / "docs" / "tls.md", "sh")
        text = block.text.replace("https://localhost", f"https://localhost:{house.installation.tls.port}")
        curl = "curl" if shutil.which("curl") else f"{sys.executable} -m tests.documents.curl"
        text = text.replace("curl ", f"{curl} ").replace("evsed settings", f"{sys.executable} -m evsed settings")
        environment = {**AS_COLLECTED, "PYTHONPATH": str(ROOT)}
        command = ["bash", "-euc", text]
        done = subprocess.run(
            command, cwd=house.directory, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert '"state":"A"' in done.stdout.replace(" ", "")
    assert done.stdout.endswith("mode=Normal\n")
