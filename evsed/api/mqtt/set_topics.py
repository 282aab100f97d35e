"""What ``Set/`` messages stand for: a table of topics, each with the only form of payload that it takes. Pure.

Ranges that depend on settings are the core's. A payload that is not of its topic's form is no command.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from evsed.api.local_time import unix_of
from evsed.api.mqtt.entities import NONE
from evsed.api.mqtt.entity_table_owner import COLOURS, MODE_NAMES
from evsed.core.events import (
    ChangeSetting,
    ChooseMode,
    Command,
    DelayedCharging,
    EndLimit,
    Limit,
    Override,
    OverridePilot,
    PostBattery,
    PostCircuit,
    PostEvMeter,
    PostMains,
    PressCustomButton,
    SwipeCard,
)
from evsed.core.menu import SUM_MAINS_OFF
from evsed.core.model import PhaseCurrents
from evsed.core.settings import TABLE


@dataclass(frozen=True, slots=True)
class Reboot:
    """Start the daemon anew; not the core's to carry out."""


@dataclass(frozen=True, slots=True)
class AlertTest:
    """Tell a test by every way that alerts are told; not the core's to carry out."""


@dataclass(frozen=True, slots=True)
class EndTimer:
    """End delayed charging and change nothing else. The command for that follows from the state when its turn comes."""


Asked: TypeAlias = Command | Reboot | AlertTest | EndTimer
Parse: TypeAlias = Callable[[str], Asked | None]


@dataclass(frozen=True, slots=True)
class SetTopic:
    """One topic below ``Set/``. ``form`` says what it takes, for docs/mqtt.md and for whoever sends something else."""

    name: str
    form: str
    parse: Parse


_CHOICES: Final = {name: choice for choice, name in MODE_NAMES.items()}
_DELAYABLE: Final = {name: _CHOICES[name] for name in ("Normal", "Smart")}
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,6}")
_LIMIT: Final = re.compile(r"([0-9]{1,3})(?:\.([0-9]))?(?::([0-9]{1,6}))?")  # A, or A:seconds
_LENT_FOR_S: Final = 60
_PHASES: Final = "([+-]?[0-9]{1,6}):([+-]?[0-9]{1,6}):([+-]?[0-9]{1,6})"
_CURRENTS: Final = re.compile(_PHASES)
_MAINS: Final = re.compile(_PHASES + "(?::([+-]?[0-9]{1,7}):([0-9]{1,12}))?")  # and W and Wh
_EV: Final = re.compile(_PHASES + ":([+-]?[0-9]{1,7}):(-1|[0-9]{1,12})")
_UNKNOWN: Final = "-1"
_COLOUR: Final = re.compile(r"([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3})")
_CARD: Final = re.compile(r"[0-9A-Fa-f]{12}(?:[0-9A-Fa-f]{2})?")
_FULL_DUTY: Final = 1_024
_FULL_BP: Final = 10_000


def _mode(payload: str) -> Command | None:
    return ChooseMode(_CHOICES[payload]) if payload in _CHOICES else None


def _override(payload: str) -> Command | None:
    return Override(int(payload)) if _WHOLE.fullmatch(payload) else None


def _limit(payload: str) -> Command | None:
    if payload == "-":
        return EndLimit()
    if not (limit := _LIMIT.fullmatch(payload)):
        return None
    amps, tenths, seconds = limit.groups()
    return Limit(int(amps) * 10 + int(tenths or 0), int(seconds or _LENT_FOR_S))


def _number(key: str) -> Parse:
    """A number among the owner settings."""

    def parse(payload: str) -> Command | None:
        return ChangeSetting(key, int(payload)) if _WHOLE.fullmatch(payload) else None

    return parse


def _sum_mains(payload: str) -> Command | None:
    if not _WHOLE.fullmatch(payload):
        return None
    return ChangeSetting("current_max_sum_mains", int(payload) or SUM_MAINS_OFF)


def _choice(key: str) -> Parse:
    """A choice among the owner settings, by its number or its whole name."""
    names = {name: value for value, name in TABLE[key].choices.items()}
    taken = names | {str(value): value for value in names.values()}

    def parse(payload: str) -> Command | None:
        return ChangeSetting(key, taken[payload]) if payload in taken else None

    return parse


def _cable_lock(payload: str) -> Command | None:
    return ChangeSetting("cablelock", int(payload)) if payload in {"0", "1"} else None


def _pilot(payload: str) -> Command | None:
    if payload == _UNKNOWN:
        return OverridePilot(None)
    if not _WHOLE.fullmatch(payload) or not 0 <= int(payload) <= _FULL_DUTY:
        return None
    return OverridePilot(round(int(payload) * _FULL_BP / _FULL_DUTY))


def _colour(which: str) -> Parse:
    def parse(payload: str) -> Command | None:
        match = _COLOUR.fullmatch(payload)
        parts = [int(part) for part in match.groups()] if match else []
        if not parts or max(parts) > 255:
            return None
        return ChangeSetting(f"color_{which.lower()}", ",".join(str(part) for part in parts))

    return parse


def _card(payload: str) -> Command | None:
    return SwipeCard(payload) if _CARD.fullmatch(payload) else None


def _evccid(payload: str) -> Command | None:
    """Empty is what a client sends to have the broker forget a message: no wish of an owner."""
    fits = 0 < len(payload) <= 32 and payload.isascii() and payload.isprintable()
    return ChangeSetting("required_evccid", "" if payload == "-" else payload) if fits else None


def _custom_button(payload: str) -> Command | None:
    return PressCustomButton(payload == "On") if payload in {"On", "Off"} else None


def _delayed(payload: str) -> Asked | None:
    if payload == NONE:
        return EndTimer()
    words = payload.split(" ")
    repeat = words[-1] == "daily"
    words = words[:-1] if repeat else words
    if not 2 <= len(words) <= 3 or words[0] not in _DELAYABLE:
        return None
    times = [unix_of(word) for word in words[1:]]
    start_s, stop_s = times[0], times[1] if len(times) == 2 else None
    if start_s is None or None in times:
        return None
    return DelayedCharging(_DELAYABLE[words[0]], start_s, stop_s, repeat)


def _reboot(payload: str) -> Asked | None:
    return Reboot() if payload == "Reboot" else None


def _test_alert(payload: str) -> Asked | None:
    return AlertTest() if payload == "Test" else None


def _mains(payload: str) -> Command | None:
    if not (mains := _MAINS.fullmatch(payload)):
        return None
    power_w, import_wh = (None if value is None else int(value) for value in mains.groups()[3:])
    return PostMains(_currents(mains), power_w, import_wh)


def _ev(payload: str) -> Command | None:
    if not (ev := _EV.fullmatch(payload)):
        return None
    currents = None if _UNKNOWN in ev.groups()[:3] else _currents(ev)
    power_w, import_wh = (None if value == _UNKNOWN else int(value) for value in ev.groups()[3:])
    said = (currents, power_w, import_wh) != (None, None, None)
    return PostEvMeter(currents, import_wh, None, power_w) if said else None


def _circuit(payload: str) -> Command | None:
    circuit = _CURRENTS.fullmatch(payload)
    return PostCircuit(_currents(circuit)) if circuit else None


def _battery(payload: str) -> Command | None:
    return PostBattery(int(payload)) if _WHOLE.fullmatch(payload) else None


def _currents(match: re.Match[str]) -> PhaseCurrents:
    return PhaseCurrents(int(match.group(1)), int(match.group(2)), int(match.group(3)))


_NAMES: Final = ", ".join(f"`{name}`" for name in TABLE["enable_C2"].choices.values())
_TIMES: Final = "`YYYY-MM-DDTHH:MM`"

_ROWS: Final = (
    SetTopic("Mode", ", ".join(f"`{name}`" for name in MODE_NAMES.values()), _mode),
    SetTopic(
        "DelayedCharging",
        f"`Normal` or `Smart`, start {_TIMES}, perhaps stop, perhaps `daily`; `{NONE}` ends it, as `Set/Mode` does",
        _delayed,
    ),
    SetTopic("CurrentOverride", "0.1 A; 0 ends it; not in Solar", _override),
    SetTopic("Limit", "a cap lent for a time: `A` or `A:seconds` (60 s when not said); `-` takes it back", _limit),
    SetTopic("MinCurrent", "A, MIN", _number("current_min")),
    SetTopic("SolarStartCurrent", "A, START", _number("solar_start_current")),
    SetTopic("SolarStopTime", "min, STOP", _number("solar_stop_time")),
    SetTopic("SolarMaxImport", "A, IMPORT", _number("solar_max_import")),
    SetTopic("CurrentMaxSumMains", "A, 10 to 600; 0 is off", _sum_mains),
    SetTopic("MaxSumMainsTime", "min, CAP STOP", _number("max_sum_mains_time")),
    SetTopic("EnableC2", f"0 to 4, or {_NAMES}", _choice("enable_C2")),
    SetTopic("CableLock", "`0`, `1`", _cable_lock),
    SetTopic("CustomButton", "`On`, `Off`", _custom_button),
    SetTopic("MainsMeter", "`L1:L2:L3` (0.1 A) or `L1:L2:L3:W:Wh`; mains meter of type API", _mains),
    SetTopic("EVMeter", "`L1:L2:L3:W:Wh`, -1 for what is not known; EV meter of type API", _ev),
    SetTopic("CircuitMeter", "`L1:L2:L3` (0.1 A); circuit meter of type API", _circuit),
    SetTopic("HomeBatteryCurrent", "0.1 A, positive while it charges", _battery),
    *(SetTopic(f"Color{which}", "`R,G,B`, 0 to 255 each", _colour(which)) for which in COLOURS),
    SetTopic("RFID", "12 or 14 hex digits, as a card that is held to the reader", _card),
    SetTopic("RequiredEVCCID", "1 to 32 printable ASCII characters; `-` takes it back", _evccid),
    SetTopic("CPPWMOverride", "0 to 1024, -1 ends it; only where `[modem] unlocked` is set", _pilot),
    SetTopic("AlertTest", "`Test`: a test by every way that alerts are told", _test_alert),
    SetTopic("Reboot", "`Reboot`: charging ends in order, and evsed starts anew", _reboot),
)

SET_TOPICS: Final = MappingProxyType({row.name: row for row in _ROWS})


def set_command(topic: str, payload: str) -> Asked | None:
    """What a ``Set/`` message stands for; None when its payload is not of the form its topic takes."""
    row = SET_TOPICS.get(topic)
    return None if row is None else row.parse(payload)


def wrong(topic: str) -> str:
    """Why a message at ``topic`` that stands for nothing is refused."""
    row = SET_TOPICS.get(topic)
    if row is None:
        return "there is no such topic"
    return f"not a payload of this topic, which takes {row.form.replace('`', '')}"
