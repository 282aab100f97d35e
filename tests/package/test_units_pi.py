"""A board under the units on a real systemd: fake chips of a Pi, and everything else as it is installed.

Owns the drop-ins that put the chips under evsed, guard and evsed-safe. With the kernel's PWM, so no pigpiod.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evsed.core.model import Access, Contactor2
from evsed.core.settings import Settings
from evsed.core.snapshot import Saved
from evsed.saved_text import encode
from tests.package import packages
from tests.package.booted import Booted
from tests.package.roots import copied
from tests.package.test_units import EVSED, GUARD, answers, is_new, pid, pigpiod_that_fails

_SOURCE = Path(__file__).parent.parent
_UNDER = "/usr/bin/python3 -B -m tests.silicon.under /run/evsed/silicon"
_CONFIG = '[board]\nkind = "pi"\ndriver = "kernel"\n[board.pwm]\nbase = "/run/evsed/pwm"\n'
_PLAN = "from evsed.hw.guardplan import write_plan; from pathlib import Path; write_plan(Path('/etc/evsed/evsed.toml'))"
_SAFE = f"ExecStopPost=\nExecStopPost={_UNDER} evsed.hw.safe\n"
_ABLE = "CAP_SYS_NICE CAP_IPC_LOCK CAP_NET_BIND_SERVICE"
"""In place of the limits that the machine of a test may not be allowed to raise."""

_COMMON = (
    f"[Service]\nEnvironment=PYTHONPATH=/srv/source:/usr/lib/evsed\n{_SAFE}"
    f"CapabilityBoundingSet={_ABLE}\nAmbientCapabilities={_ABLE}\nExecStart=\n"
)
_DROP_INS = {
    GUARD: f'{_COMMON}ExecStartPre=/usr/bin/python3 -B -c "{_PLAN}"\n'
    f"ExecStart={_UNDER} evsed.hw.guard /run/evsed/guard.json.new\n",
    EVSED: f"{_COMMON}ExecStart={_UNDER} evsed run\n",
}
_TREE = "from tests.silicon.pwmtree import make_tree; from pathlib import Path; make_tree(Path('/run/evsed/pwm'))"
_CHIP = "python3 -B -m tests.silicon.chip /run/evsed/silicon --pwm /run/evsed/pwm/pwmchip0"
_CHIPS = (
    "[Service]\nUser=evsed\nEnvironment=PYTHONPATH=/srv/source:/usr/lib/evsed\n"
    "RuntimeDirectory=evsed\nRuntimeDirectoryPreserve=yes\n"
    f'ExecStartPre=/usr/bin/python3 -B -c "{_TREE}"\nExecStart=/bin/sh -c "sleep infinity | {_CHIP}"\n'
)
_ASK = """
import json, socket, sys
chip = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
chip.connect("/run/evsed/silicon")
chip.send(sys.argv[1].encode())
print(chip.recv(200000).decode())
"""


@pytest.fixture(scope="module")
def charger(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """The package on a fake Pi, set up, with a car that charges."""
    with copied(release, tmp_path_factory.mktemp(release)) as root:
        root.install(packages.current(f"{release}_amd64"))
        shutil.copytree(_SOURCE, root.path / "srv/source/tests", ignore=shutil.ignore_patterns("__pycache__"))
        (root.path / "etc/evsed/evsed.toml").write_text(_CONFIG)
        settings = Settings().replace("enable_C2", int(Contactor2.ALWAYS_ON)).replace("rcmon", "Enabled")
        settings = settings.replace("set_up", "Done")
        (root.path / "var/lib/evsed/settings.json").write_text(encode(Saved(settings=settings, access=Access.ALLOW)))
        root.said("chown", "evsed:evsed", "/var/lib/evsed/settings.json")
        pigpiod_that_fails(root)
        units = root.path / "etc/systemd/system"
        (units / "chips.service").write_text(_CHIPS)
        for unit, text in _DROP_INS.items():
            (units / f"{unit}.d").mkdir()
            (units / f"{unit}.d/test.conf").write_text(f"[Unit]\nWants=chips.service\nAfter=chips.service\n{text}")
        with Booted(root.path) as booted:
            booted.wait(lambda: answers(booted), "REST answers")
            ask(booted, op="car", plugged=True, ready=True)
            yield booted


def ask(charger: Booted, **words: Any) -> dict[str, Any]:
    """What the chips answer."""
    return dict(json.loads(charger.said("python3", "-c", _ASK, json.dumps(words))))


def draws(charger: Booted) -> bool:
    return bool(ask(charger, op="state")["car_current"][0])


def charges(charger: Booted) -> None:
    charger.wait(lambda: draws(charger), "the car draws", 90)


def is_safe(charger: Booted) -> bool:
    state = ask(charger, op="state")
    return not (state["contactor1"] or state["contactor2"] or state["pulses"])


def test_a_car_charges_in_the_sandbox(charger: Booted) -> None:
    charges(charger)
    tasks = charger.said("sh", "-c", f"for task in /proc/{pid(charger, GUARD)}/task/*; do chrt -p ${{task##*/}}; done")
    assert "SCHED_FIFO" in tasks
    assert "priority: 30" in tasks
    locked = charger.said("grep", "VmLck", f"/proc/{pid(charger, GUARD)}/status")
    assert int(locked.split()[1]) > 1_000
    assert "not permitted" not in charger.journal(f"--unit={GUARD}", f"--unit={EVSED}", "--boot")


@pytest.mark.parametrize("signal", ["KILL", "STOP"])
@pytest.mark.parametrize("unit", [EVSED, GUARD])
def test_whoever_dies_or_hangs_opens_the_contactors_and_the_car_charges_again(
    charger: Booted, unit: str, signal: str
) -> None:
    charges(charger)
    old = pid(charger, unit)
    charger.said("sh", "-c", f"kill -{signal} {old}")
    charger.wait(lambda: is_safe(charger), "the outputs are safe", 2)
    charger.wait(lambda: is_new(charger, unit, old), f"{unit} is back")
    charges(charger)


def test_a_pigpiod_that_cannot_run_takes_no_current_from_the_car(charger: Booted) -> None:
    charges(charger)
    cycles = ask(charger, op="state")["cycles"]
    charger.said("systemctl", "start", "--no-block", "pigpiod")
    charger.wait(lambda: int(charger.shows("pigpiod", "NRestarts")) > 5, "it was started again and again")
    assert draws(charger)
    assert ask(charger, op="state")["cycles"] == cycles
    charger.said("systemctl", "stop", "pigpiod")


def test_stopping_evsed_opens_the_contactors_and_the_guard_stays(charger: Booted) -> None:
    charges(charger)
    guard = pid(charger, GUARD)
    charger.said("systemctl", "stop", "evsed")
    assert is_safe(charger)
    assert pid(charger, GUARD) == guard
    charger.said("systemctl", "start", "evsed")
    charges(charger)


def test_evsed_safe_opens_at_once(charger: Booted) -> None:
    charges(charger)
    path = charger.root / "etc/systemd/system/evsed-safe.service.d/test.conf"
    path.parent.mkdir()
    path.write_text(
        "[Service]\nEnvironment=PYTHONPATH=/srv/source:/usr/lib/evsed\nReadWritePaths=/run/evsed\n"
        f"ExecStart=\nExecStart={_UNDER} evsed.hw.safe\n"
    )
    charger.said("systemctl", "daemon-reload")
    before = ask(charger, op="state")["cycles"]
    charger.said("systemctl", "start", "evsed-safe")
    charges(charger)
    assert ask(charger, op="state")["cycles"] > before


def test_stopping_both_is_safe(charger: Booted) -> None:
    charges(charger)
    charger.said("systemctl", "stop", "evsed-guard")
    assert is_safe(charger)
    assert charger.shows(EVSED, "ActiveState") == "inactive"
