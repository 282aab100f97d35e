"""The units on a real systemd, where no board is described: who runs how, who comes back, what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package import packages
from tests.package.booted import Booted
from tests.package.roots import Root, copied

EVSED, GUARD = "evsed.service", "evsed-guard.service"
UNITS = (EVSED, GUARD, "evsed-safe.service", "evsed-update.service", "evsed-update.path", "evsed-dhcp-name.service")
ASK = "import sys, urllib.request; print(urllib.request.urlopen('http://127.0.0.1' + sys.argv[1]).read().decode())"
_AS_EVSED = ("--reuid", "evsed", "--regid", "evsed", "--init-groups")
_NET_BIND_SERVICE = "0000000000000400"


@pytest.fixture(scope="module")
def charger(release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """The package, installed and booted; one for all tests here."""
    with copied(release, tmp_path_factory.mktemp(release)) as root:
        root.install(packages.current(f"{release}_amd64"))
        pigpiod_that_fails(root)
        with Booted(root.path) as booted:
            booted.wait(lambda: answers(booted), "REST answers")
            yield booted


def pigpiod_that_fails(root: Root) -> None:
    """As Raspberry Pi OS starts it, on a Pi that it does not know."""
    program, unit = root.path / "usr/bin/pigpiod", root.path / "usr/lib/systemd/system/pigpiod.service"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    unit.write_text("[Service]\nType=forking\nExecStart=/usr/bin/pigpiod -l\n[Install]\nWantedBy=multi-user.target\n")


def ask(charger: Booted, path: str) -> str:
    """What REST answers there, on port 80."""
    return charger.run("python3", "-c", ASK, path).stdout


def answers(charger: Booted) -> bool:
    return ask(charger, "/settings").startswith("{")


def pid(charger: Booted, unit: str) -> int:
    return int(charger.shows(unit, "MainPID"))


def is_new(charger: Booted, unit: str, old: int) -> bool:
    """Whether it runs again, as another process."""
    return charger.shows(unit, "ActiveState") == "active" and pid(charger, unit) not in {0, old}


def status(charger: Booted, unit: str) -> dict[str, str]:
    lines = charger.said("cat", f"/proc/{pid(charger, unit)}/status").splitlines()
    return dict(line.replace(":\t", "\t", 1).split("\t", 1) for line in lines)


def overridden(charger: Booted, unit: str, text: str) -> None:
    """Adds a drop-in; an empty one takes it away. Restarts nothing."""
    path = charger.root / f"run/systemd/system/{unit}.d/zz-overridden.conf"
    charger.said("mkdir", "-p", f"/{path.parent.relative_to(charger.root)}")
    charger.said("sh", "-c", f"printf '%s' \"$1\" >/{path.relative_to(charger.root)}", "sh", text)
    charger.said("systemctl", "daemon-reload")


def test_they_run_and_the_first_run_is_told(charger: Booted) -> None:
    assert json.loads(ask(charger, "/settings"))["evse"]["state"] == "Not set up"
    assert charger.shows(GUARD, "ActiveState") == "active"


def test_evsed_is_a_user_of_its_own_with_one_right_more_and_the_guard_with_none(charger: Booted) -> None:
    user = charger.said("id", "--user", "evsed")
    for unit, capabilities in ((EVSED, _NET_BIND_SERVICE), (GUARD, "0" * 16)):
        found = status(charger, unit)
        assert found["Uid"].split("\t") == [user] * 4
        assert {found[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} <= {capabilities, "0" * 16}
        assert found["CapBnd"] == capabilities
        assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")


def test_they_write_where_they_have_to_and_nowhere_else(charger: Booted) -> None:
    writes = 'for place in "$@"; do touch "$place/probe" 2>/dev/null && rm "$place/probe" && echo "$place"; done; true'
    places = ["/", "/etc", "/etc/evsed", "/usr", "/usr/lib/evsed", "/var", "/var/lib", "/run", "/home", "/dev", "/sys"]
    own = ("/var/lib/evsed", "/run/evsed")
    for unit, expected in ((EVSED, own), (GUARD, own[1:])):
        there = ("nsenter", "--target", str(pid(charger, unit)), "--mount", "setpriv", *_AS_EVSED)
        assert charger.said(*there, "sh", "-c", writes, "sh", *places, *own).split() == list(expected)
    assert charger.said("stat", "--format", "%U:%G %a", "/run/evsed", "/var/lib/evsed") == (
        "evsed:evsed 750\nevsed:evsed 700"
    )


@pytest.mark.parametrize("unit", [EVSED, GUARD])
def test_who_is_killed_comes_back_and_the_outputs_were_made_safe(charger: Booted, unit: str) -> None:
    overridden(charger, unit, "[Service]\nExecStopPost=touch /run/evsed/after\n")  # runs when evsed-safe has succeeded
    for _ in range(7):  # more often than systemd's own limit in 10 s would let it
        old = pid(charger, unit)
        charger.said("sh", "-c", f"kill -9 {old}")
        charger.wait(lambda old=old: is_new(charger, unit, old), f"{unit} is back")  # type: ignore[misc]
    charger.wait(lambda: answers(charger), "REST answers")
    charger.said("test", "-e", "/run/evsed/after")
    charger.said("rm", "/run/evsed/after")
    overridden(charger, unit, "")


@pytest.mark.parametrize("unit", [EVSED, GUARD])
def test_who_stands_still_is_killed_by_the_watchdog_and_comes_back(charger: Booted, unit: str) -> None:
    old = pid(charger, unit)
    charger.said("sh", "-c", f"kill -STOP {old}")
    charger.wait(lambda: is_new(charger, unit, old), f"{unit} is back")
    said = charger.journal(f"--unit={unit}", "--lines=400")
    assert "Watchdog timeout" in said
    if unit == EVSED:
        assert "most recent call first" in said, "where its threads were"


def test_evsed_is_restarted_without_its_guard_and_the_guard_with_evsed(charger: Booted) -> None:
    guard, evsed = pid(charger, GUARD), pid(charger, EVSED)
    charger.said("systemctl", "restart", "evsed")
    assert pid(charger, GUARD) == guard
    assert is_new(charger, EVSED, evsed)
    evsed = pid(charger, EVSED)
    charger.said("systemctl", "restart", "evsed-guard", "evsed")
    assert is_new(charger, GUARD, guard)
    assert is_new(charger, EVSED, evsed)
    said = charger.journal("--lines=40")
    assert said.rindex("Stopped evsed.service") < said.rindex("Stopped evsed-guard.service"), "the car is told first"


def test_stopping_the_guard_stops_evsed_and_nothing_comes_back_by_itself(charger: Booted) -> None:
    charger.said("systemctl", "stop", "evsed-guard")
    assert charger.shows(EVSED, "ActiveState") == "inactive"
    assert charger.shows(GUARD, "Result") == charger.shows(EVSED, "Result") == "success"
    charger.said("systemctl", "start", "evsed")
    assert charger.shows(GUARD, "ActiveState") == "active"
    charger.wait(lambda: answers(charger), "REST answers")


def test_nothing_that_evsed_asks_of_the_kernel_is_refused(charger: Booted) -> None:
    asking_for_the_time = "SystemCallFilter=adjtimex clock_adjtime"
    overridden(charger, EVSED, f"[Service]\nSystemCallErrorNumber=kill\n{asking_for_the_time}\n")
    overridden(charger, GUARD, "[Service]\nSystemCallErrorNumber=kill\n")
    charger.said("systemctl", "restart", "evsed-guard", "evsed")
    old = {unit: pid(charger, unit) for unit in (EVSED, GUARD)}
    charger.wait(lambda: answers(charger), "REST answers")
    for path in ("/", "/lcd", "/api/v1/state", "/docs"):
        assert ask(charger, path) or path == "/lcd"
    charger.said("evsed", "settings", "set", "current_max=13")
    assert {unit: pid(charger, unit) for unit in (EVSED, GUARD)} == old
    charger.said("systemctl", "stop", "evsed-guard")
    assert charger.shows(EVSED, "Result") == charger.shows(GUARD, "Result") == "success"
    for unit in (EVSED, GUARD):
        overridden(charger, unit, "")
    charger.said("systemctl", "start", "evsed")


def test_they_go_first_and_the_guard_is_never_paged_out(charger: Booted) -> None:
    """With capabilities in place of limits: a machine for tests may not be allowed to raise those."""
    limits = {name: charger.shows(EVSED, name) for name in ("LimitRTPRIO", "LimitNICE")}
    assert limits == {"LimitRTPRIO": "20", "LimitNICE": "30"}
    assert charger.shows(GUARD, "LimitRTPRIO") == "30"
    assert charger.shows(GUARD, "LimitMEMLOCK") == "infinity"
    able = "CAP_SYS_NICE CAP_IPC_LOCK CAP_NET_BIND_SERVICE"
    for unit in (EVSED, GUARD):
        overridden(charger, unit, f"[Service]\nCapabilityBoundingSet={able}\nAmbientCapabilities={able}\n")
    overridden(charger, GUARD, f"[Service]\nCapabilityBoundingSet={able}\nAmbientCapabilities={able}\n")
    charger.said("systemctl", "restart", "evsed-guard", "evsed")
    tasks = charger.said("sh", "-c", f"for task in /proc/{pid(charger, EVSED)}/task/*; do chrt -p ${{task##*/}}; done")
    assert "priority: 20" in tasks
    assert charger.said("cut", "-d", " ", "-f", "19", f"/proc/{pid(charger, EVSED)}/stat") == "-10"
    for unit in (EVSED, GUARD):
        overridden(charger, unit, "")
    charger.said("systemctl", "restart", "evsed-guard", "evsed")


def test_devices_of_a_board_can_be_reached_and_others_not(charger: Booted) -> None:
    nodes = {"ttyUSB3": (188, 3), "ttyACM0": (166, 0), "mem": (1, 1), "loop-control": (10, 237)}
    for name, (major, minor) in nodes.items():
        charger.said("mknod", "--mode=0666", f"/dev/{name}", "c", str(major), str(minor))
    join = f"echo $$ >/sys/fs/cgroup/system.slice/{EVSED}/cgroup.procs && "
    opened = 'for name in "$@"; do python3 -c "import os; os.open(\\"/dev/$name\\", os.O_RDWR)" 2>&1 | tail -1; done'
    said = charger.said("sh", "-c", join + opened, "sh", *nodes).splitlines()
    refused = ["Operation not permitted" in line for line in said]
    if not any(refused):
        pytest.skip("this kernel does not filter devices by BPF")
    assert refused == [False, False, True, True], said


def test_the_units_are_as_they_should_be(charger: Booted) -> None:
    done = charger.run("sh", "-c", 'cd /usr/lib/systemd/system && systemd-analyze verify "$@" 2>&1', "sh", *UNITS)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_boot_without_a_network_has_no_failed_unit(charger: Booted) -> None:
    assert "evsed" not in charger.said("systemctl", "list-units", "--failed", "--no-legend")


def test_after_pigpiod_evsed_safe_runs_where_no_plan_says_that_there_is_nothing_to_make_safe(charger: Booted) -> None:
    before = charger.shows("evsed-safe.service", "ExecMainExitTimestamp")
    charger.said("mv", "/run/evsed/guard.json", "/run/evsed/guard.away")  # without a board it names no line
    charger.said("systemctl", "start", "--no-block", "pigpiod")
    charger.wait(lambda: charger.shows("evsed-safe.service", "ExecMainExitTimestamp") not in {"", before}, "it has run")
    charger.said("systemctl", "stop", "pigpiod")
    charger.said("mv", "/run/evsed/guard.away", "/run/evsed/guard.json")


_FORGED = r"""
mkdir /run/evsed/x && ln -s /etc/owned /run/evsed/x/export
cat >/run/evsed/guard.json.forged <<'END'
{"lines": {"contactor1": [1, false]}, "socket": "/nowhere", "chip": "/dev/null", "pilot": [18, false],
 "pwm": {"chip": "/run/evsed/x", "channel": "\n* * * * * root id\n"}}
END
mv /run/evsed/guard.json.forged /run/evsed/guard.json
"""


def test_root_obeys_no_plan_that_evsed_wrote(charger: Booted) -> None:
    charger.said("runuser", "-u", "evsed", "--", "sh", "-c", _FORGED)
    done = charger.run("evsed-safe")
    assert (done.returncode, "NOT SAFE" in done.stderr) == (1, True)
    assert not (charger.root / "etc/owned").exists()
    charger.said("rm", "-r", "/run/evsed/x")
    charger.said("systemctl", "restart", "evsed-guard", "evsed")


def test_evsed_safe_can_be_started_by_hand(charger: Booted) -> None:
    for _ in range(7):
        charger.said("systemctl", "start", "evsed-safe")
    assert charger.shows("evsed-safe.service", "Result") == "success"
    assert Path(charger.root / "usr/lib/systemd/system.conf.d/evsed-watchdog.conf").exists()
