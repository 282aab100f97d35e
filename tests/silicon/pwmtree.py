"""The kernel's /sys/class/pwm as a tree of plain files, which the chips watch.

A plain file takes any text, so what the kernel would have refused at once (EINVAL, EBUSY) stands in ``complaints``.
"""

from pathlib import Path

from tests.silicon.registers import PinsInMemory

CHANNELS = {0: 12, 1: 13, 2: 18, 3: 19}
"""GPIO of each channel, with the overlay of facts/hardware.md. Unconfirmed for kernels to come."""

_DEVICES = {2: "fe20c000.pwm", 4: "1f00098000.pwm"}
_FILES = ("period", "duty_cycle", "enable", "polarity")


def make_tree(base: Path, chip: str = "pwmchip0", channels: int = 4) -> Path:
    """An unexported chip below ``base``: of a Pi 5 with 4 channels, of its forerunners with 2. Its directory."""
    device = base.parent / "devices" / _DEVICES[channels]
    device.mkdir(parents=True)
    directory = base / chip
    directory.mkdir(parents=True)
    (directory / "device").symlink_to(device)
    (directory / "npwm").write_text(f"{channels}\n")
    (directory / "export").touch()
    (directory / "unexport").touch()
    return directory


class PwmTree:
    """Carries what is written in the tree to the pins; ``look`` often."""

    def __init__(self, directory: Path, pins: PinsInMemory) -> None:
        self.complaints: list[str] = []
        self._directory = directory
        self._pins = pins
        self._last: dict[int, tuple[str, ...]] = {}
        self._exported: set[int] = set()

    def look(self) -> None:
        """Takes over what was written since."""
        for channel in self._written("export") - self._exported:
            self._export(channel)
        for channel in self._exported:
            home = self._directory / f"pwm{channel}"
            words = tuple(_first_line(home / name) for name in _FILES)
            if all(words) and words != self._last.get(channel):
                self._take_over(channel, words)
                self._last[channel] = words

    def _written(self, name: str) -> set[int]:
        word = _first_line(self._directory / name)
        return {int(word)} if word.isdecimal() else set()

    def _export(self, channel: int) -> None:
        home = self._directory / f"pwm{channel}"
        home.mkdir()
        for name, word in zip(_FILES, ("0", "0", "0", "normal"), strict=True):
            (home / name).write_text(f"{word}\n")
        self._exported.add(channel)

    def _take_over(self, channel: int, words: tuple[str, ...]) -> None:
        period, duty, enable = (int(word) if word.isdecimal() else -1 for word in words[:3])
        if min(period, duty) < 0 or enable not in {0, 1} or words[3] not in {"normal", "inversed"}:
            self.complaints.append(f"pwm{channel}: {dict(zip(_FILES, words, strict=True))} is no number or no word")
            return
        if duty > period or (enable and not period):
            self.complaints.append(f"pwm{channel}: a duty of {duty} in a period of {period} ns")
            return
        gpio = CHANNELS[channel]
        if period:
            ppm = duty * 1_000_000 // period if enable else 0  # switched off it is low; unconfirmed
            self._pins.hardware_pwm(gpio, 1_000_000_000 // period, ppm if words[3] == "normal" else 1_000_000 - ppm)


def _first_line(path: Path) -> str:
    """Without the rest: a plain file keeps the tail of a longer text that stood there before."""
    try:
        return path.read_text().partition("\n")[0].strip()
    except OSError:
        return ""
