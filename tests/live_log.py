"""The live log of a simulated charger, heard from outside while a test goes on."""

import contextlib
import socket
import threading
from pathlib import Path

from tests.scenarios.simulation import PATIENCE_S, Simulation, free_port, wait_for


class Hearing:
    """Everything that comes on a connection, until it is closed."""

    def __init__(self, line: socket.socket, asks: bytes = b"") -> None:
        line.settimeout(None)
        line.sendall(asks)
        self._line = line
        self._said = bytearray()
        self._thread = threading.Thread(target=self._hear)
        self._thread.start()

    def _hear(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._line.recv(65_536):
                self._said += data

    @property
    def said(self) -> str:
        """What has come up to now."""
        return bytes(self._said).decode("utf-8", "replace")

    def close(self) -> None:
        """Hangs up."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_S)
        self._line.close()


def with_telnet(simulation: Simulation) -> int:
    """The port of its telnet, after a restart with one."""
    port, command = free_port(), simulation.kill()
    with Path(command[command.index("--config") + 1]).open("a", encoding="utf-8") as config:
        config.write(f"[telnet]\nport = {port}\n")
    simulation.start(command)

    def opens() -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), PATIENCE_S).close()
            return True
        return False

    wait_for(opens, "telnet is there")
    return port
