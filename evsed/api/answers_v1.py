"""What /api/v1 answers, as JSON schemas for the OpenAPI document."""

from typing import Final

from evsed.api.problems import PROBLEM_SCHEMA
from evsed.api.schemas import TEXT, YES_NO, Schema, known, list_of, named, number, one_of, record
from evsed.core.model import MeterRole, ModeChoice
from evsed.core.states import State

_AMPS: Final = number("A", "number")
_S: Final = number("s")
_WH: Final = known(number("Wh"))
_PHASES: Final = ("L1", "L2", "L3")
_MODES: Final = one_of(*(choice.name for choice in ModeChoice))

_REASON: Final = record(
    {"reason": TEXT, "text": TEXT, "until": known(number("Unix s")), "seconds_left": known(_S)},
)
_METER_STATE: Final = record(
    {
        "currents": {"anyOf": [record(dict.fromkeys(_PHASES, _AMPS)), {"type": "null"}]},
        "age_s": known(number("s", "number")),
        "power_w": known(number("W")),
        "import_wh": _WH,
        "export_wh": _WH,
        "where": known(TEXT),
        "answering": known(YES_NO),
        "last_error": known(TEXT),
        "answers": known(number("")),
        "errors": known(number("")),
    }
)
_CHARGER: Final = record(
    {
        "charger": number(""),
        "state": TEXT,
        "state_text": TEXT,
        "offer_a": _AMPS,
        "draws": known(YES_NO),
        "waits_for": known(TEXT),
        "missed_polls": number(""),
        "refused_statuses": number(""),
    }
)
_STATE: Final = record(
    {
        "mode": _MODES,
        "state": one_of(*(state.name for state in State)),
        "state_text": TEXT,
        "charging": YES_NO,
        "not_charging": {"anyOf": [_REASON, {"type": "null"}]},
        "error": TEXT,
        "error_id": number("0: none"),
        "error_bits": number("one bit an error"),
        "faults": list_of(record({"code": TEXT, "text": TEXT, "error_id": number("")})),
        "connected": YES_NO,
        "cable_a": known(_AMPS),
        "locked": known(YES_NO),
        "offer_a": _AMPS,
        "limited_by": known(TEXT),
        "override_a": known(_AMPS),
        "outside_limit": named("Limit"),
        "phases": number(""),
        "contactor1": YES_NO,
        "contactor2": YES_NO,
        "pilot": record(
            {
                "duty_percent": number("%", "number"),
                "high_v": known(number("V", "number")),
                "low_v": known(number("V", "number")),
            }
        ),
        "temperature_c": known(number("°C")),
        "charged_wh": _WH,
        "meters": record({role.value: named("Meter") for role in MeterRole}),
        "power_share": TEXT,
        "chargers": list_of(_CHARGER),
        "learned": record(
            {
                "meter_period_s": known(number("s", "number")),
                "car_lag_s": known(number("s", "number")),
                "car_phases": list_of(one_of(*_PHASES)),
                "car_most_a": known(_AMPS),
            }
        ),
        "uptime_s": _S,
        "closings": number("of contactor 1"),
        "refused_inputs": number("since the start"),
        "control_loop_worst_lateness_ms": number("ms"),
    }
)
_LIMIT: Final = record(
    {
        "current": known(_AMPS),
        "seconds_left": known(_S),
        "until": known(number("Unix s")),
        "fallback": known(_AMPS),
    }
)

COMPONENTS: Final[dict[str, Schema]] = {
    "State": _STATE,
    "Meter": _METER_STATE,
    "Limit": _LIMIT,
    "Problem": PROBLEM_SCHEMA,
}

ANSWERS: Final[dict[tuple[str, str], Schema]] = {
    ("get", "/api/v1/state"): named("State"),
    ("post", "/api/v1/faults/clear"): named("State"),
    ("get", "/api/v1/limit"): named("Limit"),
    ("put", "/api/v1/limit"): named("Limit"),
    ("delete", "/api/v1/limit"): named("Limit"),
}
"""By method and path: the JSON with which a request that is understood is answered, status 200."""
