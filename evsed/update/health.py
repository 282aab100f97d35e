"""Whether the evsed that was started is healthy: both units up, the same processes, and REST answers, for a while."""

import contextlib
import json
import tomllib
import urllib.error
import urllib.request
from collections.abc import Collection
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

from evsed.doors.control import connect
from evsed.update.machine import UNITS, Machine, UpdateError

HEALTHY_WITHIN_S = 60.0
STEADY_S = 10.0
"""So long the same process has to run and to answer."""

_LOOK_S = 1.0
_ASKED = "/api/v1/state"
_OK = 200
_LOG_IN = 401


def runs(machine: Machine) -> dict[str, str]:
    """The process of each unit that is up."""
    found = {}
    for unit in UNITS:
        with contextlib.suppress(UpdateError):
            text = machine.said("systemctl", "show", "--property=ActiveState,MainPID", unit)
            fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
            if fields.get("ActiveState") == "active" and fields.get("MainPID", "0") != "0":
                found[unit] = fields["MainPID"]
    return found


def wanted(machine: Machine) -> list[str]:
    """The units that nobody has stopped; one that "failed" was stopped, badly: else it comes back for ever."""
    found = []
    if half_unpacked(machine).exists():
        return list(UNITS)  # that is why they do not run
    for unit in UNITS:
        with contextlib.suppress(UpdateError):
            state = machine.said("systemctl", "show", "--property=ActiveState", "--value", unit)
            if state not in {"inactive", "failed", ""}:
                found.append(unit)
    return found


def half_unpacked(machine: Machine) -> Path:
    """Is there from preinst to postinst; neither unit starts meanwhile."""
    return machine.root / "var/lib/evsed-unpacked"


def answers(machine: Machine) -> bool:
    """Whether REST answers user evsed; a unit of its own asks, because an update has no network."""
    sandbox = ("--property=User=evsed", "--property=ProtectSystem=strict", "--property=NoNewPrivileges=yes")
    unit = ("systemd-run", "--quiet", "--wait", "--collect", "--property=RuntimeMaxSec=10", *sandbox)
    return machine.does(*unit, "/usr/sbin/evsed-update", "--answers", timeout_s=20)


def ask(config: Path = Path("/etc/evsed/evsed.toml")) -> bool:
    """Whether REST answers here and now: over the control socket, else by HTTP, where a login may be wanted."""
    tables: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        tables = tomllib.loads(config.read_text(encoding="utf-8"))
    http, control = tables.get("http", {}), tables.get("control", {})
    return _controls(Path(control.get("socket") or "/run/evsed/control.sock")) or _serves(http)


def _controls(path: Path) -> bool:
    connection = HTTPConnection("localhost", timeout=5)
    try:
        connection.sock = connect(path, 5)
        connection.request("GET", _ASKED)
        answer = connection.getresponse()
        return answer.status == _OK and _is_state(answer)
    except (OSError, ValueError, HTTPException):
        return False
    finally:
        connection.close()


def _is_state(answer: HTTPResponse) -> bool:
    """Whether the charger says how it is. Raises OSError, ValueError, HTTPException."""
    document = json.load(answer)
    return isinstance(document, dict) and "state" in document


def _serves(http: dict[str, Any]) -> bool:
    host = http.get("host", "0.0.0.0")  # noqa: S104 - what the daemon listens at when nobody says so
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - same
    name = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{name}:{http.get('port', 80)}{_ASKED}", timeout=5) as answer:
            return answer.status == _OK and _is_state(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code == _LOG_IN
    except (OSError, ValueError, HTTPException):
        return False


def trouble(machine: Machine, units: Collection[str], *, answered: bool) -> str:
    """Waits until these units are healthy: what is wrong when they do not become so, else nothing."""
    until, since, steady = machine.now() + HEALTHY_WITHIN_S, machine.now(), dict[str, str]()
    while machine.now() < until:
        up = {unit: process for unit, process in runs(machine).items() if unit in units}
        if len(up) < len(units) or up != steady or (answered and not answers(machine)):
            steady, since = up, machine.now()
        elif machine.now() - since >= STEADY_S:
            return ""
        machine.sleep(_LOOK_S)
    missing = [unit for unit in units if unit not in steady]
    if missing:
        return f"{' and '.join(missing)} did not come up within {HEALTHY_WITHIN_S:.0f} s"
    return f"evsed did not run and answer steadily within {HEALTHY_WITHIN_S:.0f} s"
