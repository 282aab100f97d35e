"""The board adapter onto the simulated plant: the daemon's side of the link."""

import select
import socket
from collections.abc import Callable
from pathlib import Path

from evsed.core.actions import SAFE, Outputs
from evsed.core.events import Inputs
from evsed.core.model import Equipment
from evsed.core.ports import BoardLostError
from evsed.hw.guard import monotonic_ms
from evsed.hw.lease import Feed, confirms, pack_feed, unpack_alive
from evsed.hw.simulation.link import LOOK, unpack_inputs

_ANSWER_MS = 90
_NOTHING_SEEN = Inputs(pilot_mv=())


class SimulatedBoard:
    """Speaks to the plant over its Unix socket. A plant that is late costs samples, one that is gone the board."""

    def __init__(self, path: Path, single_contactor: Callable[[], bool], *, first_run: bool = False) -> None:
        """``single_contactor``: whether the installation has no second contactor, by the owner's setting.

        ``first_run``: it has to be set up, as a real one.
        """
        self._single = single_contactor
        self._equipment = Equipment(rcm_test=True, needs_set_up=first_run)
        self._sequence = 0
        self._single_now = True
        self._confirmed = False
        self.acknowledged_at: int | None = None
        self.expiries = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            raise BoardLostError(f"the simulated plant at {path} cannot be reached: {error}") from error
        self._socket.setblocking(False)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self.apply(SAFE)

    @property
    def equipment(self) -> Equipment:
        """See Board."""
        return self._equipment

    def sample(self) -> Inputs:
        """See Board. While the plant does not confirm the outputs nothing counts as seen, and so the core opens."""
        answer = self._ask(LOOK)
        inputs = None if answer is None else unpack_inputs(answer)
        return _NOTHING_SEEN if inputs is None or not self._confirmed else inputs

    def apply(self, outputs: Outputs) -> None:
        """See Board."""
        if not outputs.contactor1:
            self._single_now = self._single()  # nobody rewires a charger under load
        self._sequence = (self._sequence + 1) & 0xFFFF_FFFF
        answer = self._ask(pack_feed(Feed(self._sequence, outputs, self._single_now)))
        alive = None if answer is None else unpack_alive(answer)
        self._confirmed = confirms(alive, self._sequence, outputs)
        if self._confirmed:
            self.acknowledged_at = monotonic_ms()
        self.expiries = self.expiries if alive is None else alive.expiries

    def close(self) -> None:
        """See Board."""
        self._socket.close()

    def _ask(self, message: bytes) -> bytes | None:
        try:
            self._drop_late_answers()
            self._socket.send(message)
            answer = self._socket.recv(4096) if self._readable.poll(_ANSWER_MS) else None
        except OSError as error:
            raise BoardLostError(f"the simulated plant is gone: {error}") from error
        if answer == b"":
            raise BoardLostError("the simulated plant has hung up")
        return answer

    def _drop_late_answers(self) -> None:
        while self._readable.poll(0):
            if not self._socket.recv(4096):
                raise BoardLostError("the simulated plant has hung up")
