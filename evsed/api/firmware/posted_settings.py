"""What POST /settings takes: each parameter as a row, read into a command and echoed as clients know it. Pure.

The rows stand in the order in which they are carried out, whatever the order a client sends them in: what is sent
together is meant together. Settings come first, because the mode may need them; then mode and timer; then the
override, which its mode has to take and which a change to Solar clears; then what charging does not depend on; and
the pilot's override last, because choosing a mode ends it. The broker is posted_broker.py's.

A value that is not taken changes nothing and leaves the other parameters alone. mode, starttime, stoptime and repeat
are one wish: if one of them is not taken, none is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evsed.api.firmware.parameters import Parameters
from evsed.api.firmware.report import Dialect
from evsed.api.firmware.report_newer import SUM_OFF, sum_mains
from evsed.api.firmware.values import HIGHEST_PWM, TWICE, NotTakenError, local_time, pilot, switched, whole
from evsed.core.events import (
    ChangeSetting,
    ChooseMode,
    Command,
    DelayedCharging,
    Light,
    Override,
    PressCustomButton,
)
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.model import ModeChoice
from evsed.core.settings import TABLE
from evsed.core.snapshot import Snapshot

REFUSED: Final = "Value not allowed!"
"""What clients look for in the place of a value that was not taken."""

_TIMER: Final = ("starttime", "stoptime", "repeat")
_LOCAL_TIME: Final = {"type": "string", "description": "local time, YYYY-MM-DDTHH:MM"}
_SWITCH: Final = {"type": "integer", "enum": [0, 1]}

Echo = dict[str, Any]
Read = Callable[[Parameters, Dialect], Command]
Tell = Callable[[Parameters, Snapshot, Dialect], Any]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter, or several that are one wish. ``takes`` is the JSON schema of each, for the OpenAPI document."""

    takes: Mapping[str, Schema]
    read: Read  # raises NotTakenError
    echo: Tell  # what is said of it when it was carried out; under ``key``, or by itself where that is empty
    key: str = ""
    refused: Any = REFUSED

    def told(self, given: Parameters, snapshot: Snapshot, dialect: Dialect) -> Echo:
        """The echo, now that ``snapshot`` shows the change."""
        said = self.echo(given, snapshot, dialect)
        return {self.key: said} if self.key else said

    def told_refused(self, given: Parameters) -> Echo:
        """The echo of what was not taken."""
        return {self.key: self.refused} if self.key else dict.fromkeys(given.only(*self.takes), self.refused)


def _number(given: Parameters, name: str) -> int:
    number = given.whole(name)
    if number is None:
        raise NotTakenError(f"{name} takes a whole number")
    return number


def _setting(name: str, key: str = "", echo: str = "") -> Row:
    """A number that is the owner setting ``key``; its range is the table's, and it is echoed under ``echo``."""
    key = key or name
    row = TABLE[key]
    schema = {"type": "integer", "minimum": row.minimum, "maximum": row.maximum, "description": row.description}
    return Row(
        {name: schema},
        lambda given, _dialect: ChangeSetting(key, _number(given, name)),
        lambda given, _snapshot, _dialect: given.whole(name),
        echo or name,
    )


def _read_sum(given: Parameters, dialect: Dialect) -> Command:
    limit = _number(given, "current_max_sum_mains")
    off = dialect is Dialect.NEWER and limit == SUM_OFF
    return ChangeSetting("current_max_sum_mains", SUM_MAINS_OFF if off else limit)


def _tell_sum(_given: Parameters, snapshot: Snapshot, dialect: Dialect) -> int:
    limit = snapshot.settings.current_max_sum_mains
    return sum_mains(limit) if dialect is Dialect.NEWER else limit


def _read_mode(given: Parameters, _dialect: Dialect) -> Command:
    if "mode" not in given:
        raise NotTakenError("starttime, stoptime and repeat go together with a mode")
    choice = ModeChoice(whole(given, "mode", min(ModeChoice), max(ModeChoice)))
    repeat = not given.left_empty("repeat") and switched(given, "repeat")
    if given.left_empty("starttime"):
        if repeat or not given.left_empty("stoptime"):
            raise NotTakenError("stoptime and repeat need a starttime")
        return ChooseMode(choice)
    stop_s = None if given.left_empty("stoptime") else local_time(given, "stoptime")
    return DelayedCharging(choice, local_time(given, "starttime"), stop_s, repeat)


def _tell_mode(given: Parameters, snapshot: Snapshot, _dialect: Dialect) -> Echo:
    timer = snapshot.timer
    times = {"starttime": timer.start_s or 0, "stoptime": timer.stop_s or 0, "repeat": int(timer.repeat)}
    return {"mode": given.text("mode"), **{name: times[name] for name in given.only(*_TIMER)}}


def _tell_contactor2(_given: Parameters, snapshot: Snapshot, _dialect: Dialect) -> Echo:
    return {"settings": {"enable_C2": snapshot.settings.names()["enable_C2"]}}


TABLE_OF_PARAMETERS: Final = (
    Row(
        {"enable_C2": {"type": "integer", "minimum": 0, "maximum": 4, "description": TABLE["enable_C2"].description}},
        lambda given, _dialect: ChangeSetting("enable_C2", _number(given, "enable_C2")),
        _tell_contactor2,
    ),
    _setting("current_min"),
    Row(
        {"current_max_sum_mains": {"type": "integer", "description": "10..600 A; 600 (0 in dialect 3.11) is off"}},
        _read_sum,
        _tell_sum,
        "current_max_sum_mains",
    ),
    _setting("max_sum_mains_timer", "max_sum_mains_time", "max_sum_mains_time"),
    _setting("solar_start_current"),
    _setting("solar_max_import"),
    Row(
        {"stop_timer": {"type": "integer", "minimum": 0, "maximum": 60, "description": "minutes; 0 never stops"}},
        lambda given, _dialect: ChangeSetting("solar_stop_time", _number(given, "stop_timer")),
        lambda _given, _snapshot, _dialect: True,
        "stop_timer",
        refused=False,
    ),
    _setting("cablelock"),
    _setting("lcdlock"),
    Row(
        {"required_evccid": {"type": "string", "maxLength": 32}},
        lambda given, _dialect: ChangeSetting("required_evccid", given.text("required_evccid")),
        lambda given, _snapshot, _dialect: given.text("required_evccid"),
        "required_evccid",
    ),
    Row(
        {
            "mode": {"type": "integer", "enum": [0, 1, 2, 3, 4], "description": "off, Normal, Solar, Smart, pause"},
            "starttime": _LOCAL_TIME,
            "stoptime": _LOCAL_TIME,
            "repeat": {**_SWITCH, "description": "1: daily"},
        },
        _read_mode,
        _tell_mode,
    ),
    Row(
        {"disable_override_current": {"type": "string", "description": "any value ends the override"}},
        lambda _given, _dialect: Override(0),
        lambda _given, _snapshot, _dialect: "OK",
        "disable_override_current",
    ),
    Row(
        {"override_current": {"type": "integer", "description": "0.1 A; 0 ends it, else MIN to MAX"}},
        lambda given, _dialect: Override(_number(given, "override_current")),
        lambda given, _snapshot, _dialect: given.whole("override_current"),
        "override_current",
    ),
    Row(
        {"custombutton": _SWITCH},
        lambda given, _dialect: PressCustomButton(switched(given, "custombutton")),
        lambda _given, snapshot, _dialect: snapshot.custom_button,
        "custombutton",
    ),
    Row(
        {"backlight": {**_SWITCH, "description": "off, or on for 120 s"}},
        lambda given, _dialect: Light(switched(given, "backlight")),
        lambda given, _snapshot, _dialect: given.whole("backlight"),
        "Backlight",
    ),
    Row(
        {"override_pwm": {"type": "integer", "maximum": HIGHEST_PWM, "description": "locked; see POST /modem"}},
        lambda given, _dialect: pilot(given, "override_pwm"),
        lambda given, _snapshot, _dialect: given.whole("override_pwm"),
        "override_pwm",
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A row that a request has parameters of: as a command, or (None) not readable, with the reason."""

    row: Row
    command: Command | None
    why: str = ""


def asked(given: Parameters, dialect: Dialect) -> list[Asked]:
    """What ``given`` asks for, in the order in which it is to be carried out."""
    found = []
    for row in TABLE_OF_PARAMETERS:
        if not given.has_any(*row.takes):
            continue
        if given.doubled(*row.takes):
            found.append(Asked(row, None, TWICE))
            continue
        try:
            found.append(Asked(row, row.read(given, dialect)))
        except NotTakenError as error:
            found.append(Asked(row, None, str(error)))
    return found
