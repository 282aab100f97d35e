"""The registers of the chip process, for a fake pigpiod in a process of its own."""

from pathlib import Path

from tests.silicon.link import SiliconLink


class RemoteRegisters:
    """The registers of the chip process; see Registers."""

    def __init__(self, path: Path) -> None:
        self._link = SiliconLink(path)

    def write(self, gpio: int, level: int) -> None:
        self._link.ask("write", gpio=gpio, level=level)

    def read(self, gpio: int) -> int:
        return int(self._link.ask("read", gpio=gpio)["value"])

    def hardware_pwm(self, gpio: int, hz: int, duty_ppm: int) -> None:
        self._link.ask("hardware_pwm", gpio=gpio, hz=hz, duty_ppm=duty_ppm)

    def pull(self, gpio: int, pull: str) -> None:
        self._link.ask("pull", gpio=gpio, pull=pull)

    def make_input(self, gpio: int) -> None:
        self._link.ask("make_input", gpio=gpio)

    def function(self, gpio: int) -> str:
        return str(self._link.ask("function", gpio=gpio)["value"])

    def duty(self, gpio: int) -> int:
        return int(self._link.ask("duty", gpio=gpio)["value"])
