"""As much of pigpiod's socket as gpiozero's panel needs: levels, software PWM, notifications; it can freeze or go away.

Speaks the protocol of facts/hardware.md: 16 bytes in, 16 bytes out, 12-byte reports on the notification socket.
"""

import contextlib
import socket
import struct
import threading

_COMMAND = struct.Struct("<IIII")
_REPORT = struct.Struct("<HHII")
_NOIB = 99
_PI_3B = 0xA02082
_CHANGES = frozenset({0, 2, 4, 5, 6, 7})  # MODES, PUD, WRITE, PWM, PRS, PFS, as pigpio.c's myDoCommand has it
_NOT_PERMITTED = -41


class SmallPigpiod:
    """Listens on a free port of the loopback."""

    def __init__(self) -> None:
        self.levels: dict[int, int] = dict.fromkeys((2, 3, 4, 21), 1)
        self.modes: dict[int, int] = {}
        self.duty: dict[int, int] = {}
        self.frozen = threading.Event()
        self.forbidden: set[int] = set()  # what its option -x leaves out: levels may be read, and nothing else done
        self._listeners: list[socket.socket] = []
        self._connections: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, gpio: int, level: int) -> None:
        """The level of an input, told to who listens."""
        self.levels[gpio] = level
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.sendall(_REPORT.pack(0, 0, 0, self._bank()))

    def die(self) -> None:
        """The process is gone: every connection ends."""
        for connection in (self._server, *self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _bank(self) -> int:
        return sum(level << gpio for gpio, level in self.levels.items())

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while len(asked := connection.recv(_COMMAND.size, socket.MSG_WAITALL)) == _COMMAND.size:
                if self.frozen.is_set():
                    continue
                command, first, second, _ = _COMMAND.unpack(asked)
                if command == _NOIB:
                    self._listeners.append(connection)
                connection.sendall(_COMMAND.pack(command, first, second, self._answer(command, first, second)))

    def _answer(self, command: int, gpio: int, value: int) -> int:
        if gpio in self.forbidden and command in _CHANGES:
            return _NOT_PERMITTED & 0xFFFF_FFFF
        match command:
            case 0:  # MODES
                self.modes[gpio] = value
            case 1:  # MODEG
                return self.modes.get(gpio, 0)
            case 4:  # WRITE
                self.levels[gpio], self.duty[gpio] = value, 0
            case 5:  # PWM
                self.duty[gpio] = value
            case 3:  # READ
                return self.levels.get(gpio, 0)
            case 10:  # BR1
                return self._bank()
            case 17:  # HWVER
                return _PI_3B
            case 22:  # PRG
                return 10_000
            case 83:  # GDC
                return self.duty.get(gpio, 0)
        return 0
