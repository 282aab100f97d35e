"""`evsed doctor bus` on a simulated line, from the command line to its exit status and texts."""

import errno
import os
import re
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evsed import cli
from evsed.core.snapshot import Saved
from evsed.doctor import command, probes
from evsed.hw.rs485 import Line, LineError
from evsed.hw.simulation.eastron import Eastron
from evsed.hw.simulation.line import Line as SimulatedLine
from evsed.saved_text import encode
from tests.core.story import settings
from tests.hw.wires import served_line

PATIENCE_S = 20.0
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listens shortly: nobody else is on a simulated line."""
    monkeypatch.setattr(command, "LISTENED_S", 0.05)


@pytest.fixture
def device() -> Iterator[str]:
    """A line with a mains meter at 11 and an EV meter at 12."""
    meters = [
        Eastron(11, lambda: (10.0, -6.5, 0.0), lambda: 1_000.0, lambda: 2_000.0, lambda: False),
        Eastron(12, lambda: (6.0, 6.0, 6.0), lambda: 3_000.0, lambda: 0.0, lambda: False),
    ]
    with served_line(lambda: SimulatedLine(meters, 9600, lambda: False)) as line:
        yield line.device


def configuration(directory: Path, device: str, **given: object) -> str:
    """The path of an installation file with its stored settings beside it."""
    (directory / "settings.json").write_text(encode(Saved(settings=settings(**given))))
    file = directory / "evsed.toml"
    file.write_text(f'[state]\ndirectory = "{directory}"\n[bus]\ndevice = "{device}"\n')
    return str(file)


def doctor(*words: str) -> int:
    return cli.main(["doctor", "bus", *words])


def raising(error: BaseException) -> Callable[[str, int], Line]:
    """A line that cannot be opened for this reason."""

    def line(_device: str, _baud: int) -> Line:
        raise error

    return line


def test_what_is_there_is_named_and_the_configured_meters_are_read(
    tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor("--config", configuration(tmp_path, device), "--from", "11", "--to", "13") == 0
    said = capsys.readouterr()
    assert f"bus 1: {device}, 9600 baud" in said.out
    assert "somebody else" not in said.out
    table = re.findall(r"^ +(\d+)  (.*?) +(\d+/20) +\d+ ms +\d+ ms +[\d.]+/s  (.*)$", said.out, re.MULTILINE)
    volts = "L1 230.0 V, L2 230.0 V, L3 230.0 V"
    name = "Eastron3P or InvEastrn"
    assert table == [("11", name, "20/20", volts), ("12", name, "20/20", volts)]
    mains, ev = said.out.split("MAINS MET ")[1].split("EV METER ")
    assert mains.splitlines()[:5] == [
        "Eastron3P, address 11:",
        "  L1    230.0 V     10.0 A",
        "  L2    230.0 V     -6.5 A",
        "  L3    230.0 V      0.0 A",
        "  power 805 W, imported 1.000 kWh, exported 2.000 kWh",
    ]
    assert "imported 3.000 kWh, exported 0.000 kWh" in ev
    assert "listening" in said.err
    example = re.findall(r"^bus 1: /dev/ttyUSB0, .*?(?=^```)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    printed = said.out.replace(device, "/dev/ttyUSB0").removesuffix("\n")
    times = re.compile(r" +(\d+ ms|[\d.]+/s)")
    assert [times.sub(" ms", text) for text in example] == [times.sub(" ms", printed)]


def test_a_configured_meter_that_is_silent_makes_the_status_1(
    tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configuration(tmp_path, device, ev_meter="Disabled", mains_meter="ABB", mains_meter_address=13)
    assert doctor("--config", config, "--from", "13", "--to", "13") == 1
    said = capsys.readouterr().out
    assert "nothing answers: are A and B swapped" in said
    assert "MAINS MET ABB, address 13: DOES NOT ANSWER" in said
    assert "no answer to a read of register 0x5b0c (function 3)" in said


def test_a_line_can_be_scanned_without_any_configuration(
    tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--device", device, "--baud", "9600", "--from", "12", "--to", "12")
    assert doctor("--config", str(tmp_path / "none.toml"), *words) == 0
    said = capsys.readouterr()
    assert "Eastron3P or InvEastrn" in said.out
    assert "no meter is configured on this line" in said.out
    assert f"{tmp_path / 'none.toml'} is not there: nothing is known" in said.err


def test_every_line_is_looked_at_with_its_own_meters(
    tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configuration(tmp_path, device)
    lines = (
        f'[[bus]]\nname = "cellar"\ndevice = "{tmp_path / "ttyUSB7"}"\nmeters = ["ev", "circuit"]\nchargers = true\n'
        f'[[bus]]\nname = "house"\ndevice = "{device}"\nmeters = ["mains"]\n'
    )
    Path(config).write_text(f'[state]\ndirectory = "{tmp_path}"\n{lines}')
    assert doctor("--config", config, "--from", "11", "--to", "11") == 1
    said = capsys.readouterr()
    assert "ttyUSB7 does not exist" in said.err
    assert f"house: {device}, 9600 baud" in said.out
    assert "MAINS MET" in said.out
    assert "EV METER" not in said.out
    assert doctor("--config", config, "--device", device, "--from", "11", "--to", "11") == 0


def test_a_port_that_is_in_use_or_missing_is_said_with_what_to_do(
    tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = Line(device, 9600)
    config = configuration(tmp_path, device)
    assert doctor("--config", config) == 1
    assert f"{device} is in use by another program, probably the running daemon" in capsys.readouterr().err
    holder.close()
    assert doctor("--config", config, "--device", str(tmp_path / "ttyUSB7")) == 1
    said = capsys.readouterr().err
    assert "ttyUSB7 does not exist: is the adapter plugged in? Serial ports that are there: " in said
    (tmp_path / "file").write_text("")
    assert doctor("--config", config, "--device", str(tmp_path / "file")) == 1
    assert "file cannot be opened" in capsys.readouterr().err


def test_a_port_that_goes_away_ends_the_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    master, slave = os.openpty()
    device = os.ttyname(slave)
    config = configuration(tmp_path, device)

    def unplug() -> None:
        os.read(master, 8)
        os.close(master)
        os.close(slave)

    thread = threading.Thread(target=unplug)
    thread.start()
    assert doctor("--config", config, "--from", "11") == 1
    thread.join()
    assert f"evsed doctor: {device} failed" in capsys.readouterr().err


def test_a_configuration_or_settings_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("--config", str(tmp_path / "none.toml")) == os.EX_CONFIG
    assert "none.toml: cannot be read" in capsys.readouterr().err
    config = configuration(tmp_path, str(tmp_path / "no-port"))
    (tmp_path / "settings.json").write_text("{")
    assert doctor("--config", config) == 1
    said = capsys.readouterr().err
    assert "settings.json cannot be used: it is not JSON" in said
    assert "those of a new charger are used" in said
    assert (tmp_path / "settings.json").read_text() == "{", "the doctor only looks"


@pytest.mark.parametrize("words", [("--from", "0"), ("--to", "248"), ("--baud", "300"), ("--from", "x")])
def test_a_wrong_command_line_is_refused(words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as end:
        doctor(*words)
    assert end.value.code == os.EX_USAGE


def test_a_range_without_addresses_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor("--from", "12", "--to", "11") == os.EX_USAGE
    assert "there is no address from 12 to 11" in capsys.readouterr().err


def test_a_line_on_which_somebody_else_speaks_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LISTENED_S", PATIENCE_S)
    master, slave = os.openpty()
    tty.setraw(slave)
    device = os.ttyname(slave)
    over = threading.Event()

    def speak() -> None:
        while not over.wait(0.05):
            os.write(master, bytes.fromhex("0910002000081600a0"))

    def nobody(*_: object) -> list[int]:
        over.set()
        return []

    monkeypatch.setattr(probes, "present", nobody)
    speaker = threading.Thread(target=speak)
    speaker.start()
    assert doctor("--config", configuration(tmp_path, device, mains_meter="Disabled", ev_meter="Disabled")) == 0
    speaker.join()
    os.close(master)
    os.close(slave)
    assert "somebody else speaks on this line (a master, " in capsys.readouterr().out


def test_who_may_not_open_the_port_is_told_how_to(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    refusal = LineError("/dev/ttyUSB0 cannot be opened")
    refusal.__cause__ = PermissionError(errno.EACCES, "Permission denied")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "Line", raising(refusal))
        assert doctor("--config", configuration(tmp_path, "/dev/ttyUSB0")) == 1
        assert "may not be opened by this user: try it with sudo, or add the user to group dialout" in (
            capsys.readouterr().err
        )
        patch.setattr(command, "Line", raising(KeyboardInterrupt()))
        assert doctor("--config", configuration(tmp_path, "/dev/ttyUSB0")) == 130
        assert capsys.readouterr().err.endswith("evsed doctor: interrupted\n")
