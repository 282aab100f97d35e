"""What every route needs: the control loop, the disk's acknowledgement, and the installation."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from evsed.api.mqtt import MqttService
from evsed.api.refusals import Refusals
from evsed.config import Installation, Mqtt
from evsed.core.events import ChangeSetting, ChooseMode, ClearFaults, Command, Verdict
from evsed.core.snapshot import Snapshot
from evsed.runtime import Runtime

_ANSWERS_WITHIN_S = 3.0
_KEPT = (ChooseMode, ChangeSetting, ClearFaults)  # measurements and the override are not


class BusyError(Exception):
    """The control loop or the disk did not answer in time; the text says which."""


@dataclass(frozen=True, slots=True)
class Site:
    """The charger as the interfaces see it."""

    runtime: Runtime
    barrier: Callable[[], "Future[bool]"]
    configured: Installation
    mqtt: MqttService
    refusals: Refusals

    @property
    def installation(self) -> Installation:
        """The installation as it is now: the broker may have been changed while running."""
        return replace(self.configured, mqtt=self.mqtt.broker)

    def mqtt_connected(self) -> bool:
        """Whether the broker has us now."""
        return self.mqtt.connected()

    async def set_broker(self, broker: Mqtt) -> str:
        """Changes the MQTT broker for good; why not, or empty."""
        return await asyncio.to_thread(self.mqtt.set_broker, broker)

    @property
    def snapshot(self) -> Snapshot:
        """The last published state. Raises BusyError when it is too old to be true."""
        if self.runtime.hangs:
            raise BusyError("the control loop does not answer")
        return self.runtime.snapshot

    async def submit(self, command: Command) -> Verdict:
        """Carries a command out. Returns when the Snapshot shows it and, if it is to be kept, the disk holds it.

        Raises BusyError when that takes longer than 3 s or cannot be written.
        """
        try:
            verdict = await asyncio.wait_for(asyncio.wrap_future(self.runtime.submit(command)), _ANSWERS_WITHIN_S)
        except TimeoutError:
            raise BusyError("the control loop does not answer") from None
        if verdict.accepted and isinstance(command, _KEPT):
            try:
                written = await asyncio.wait_for(asyncio.wrap_future(self.barrier()), _ANSWERS_WITHIN_S)
            except TimeoutError:
                raise BusyError("it is done, but the disk does not answer: it may be lost at a restart") from None
            if not written:
                raise BusyError("it is done, but the disk cannot be written: it will be lost at a restart")
        return verdict
