"""What the firmware reaches on the reference traces, and what ours has to reach.

The firmware's figures are those of the reference's README (its version 3.9.3, same traces, same plant: dead time 2 s,
meter 1 s); ``must`` and ``goal`` are those of the issue on regulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from evsed.core.settings import Settings
from evsed.core.units import Millis
from evsed.replay.engine import Options
from evsed.replay.plant import Car

DEAD_TIME_MS: Final = 2_000
PERIOD_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure of a scenario."""

    figure: str
    unit: str
    firmware: float
    must: float
    goal: float
    more: bool = False  # is better

    def reached(self, ours: float, wanted: float) -> bool:
        """Whether ``ours`` is as good as ``wanted``."""
        return ours >= wanted if self.more else ours <= wanted


@dataclass(frozen=True, slots=True)
class Scenario:
    """A trace, the settings that it is replayed with, and the figures that are looked at."""

    name: str
    trace: str
    goals: tuple[Goal, ...]
    given: Mapping[str, object] = field(default_factory=dict)
    robust: bool = False  # replayed with other dead times and meters too

    @property
    def solar(self) -> bool:
        """Whether the sun decides; then the fuse is never to be overloaded at all."""
        return self.given["mode"] == "Solar"

    def options(self, dead_time_ms: Millis = DEAD_TIME_MS, period_ms: Millis = PERIOD_MS) -> Options:
        """The plant and the settings."""
        settings = Settings()
        for key, value in (_ALWAYS | dict(self.given)).items():
            settings = settings.replace(key, value)
        return Options(settings, Car(dead_time_ms), period_ms)


_ALWAYS: Final[dict[str, object]] = {
    "mains_meter": "API",
    "ev_meter": "Disabled",
    "current_main": 25,
    "current_max": 16,
    "solar_start_current": 4,
    "solar_stop_time": 10,
    "solar_max_import": 0,
}
_SMART: Final = {"mode": "Smart", "enable_C2": "Always On"}
_AUTO: Final = {"mode": "Solar", "enable_C2": "Auto"}
_THREE: Final = {"mode": "Solar", "enable_C2": "Always On"}

SCENARIOS: Final = (
    Scenario(
        "fuse1",
        "fuse1",
        (
            Goal("car_kwh", "kWh", 4.70, 5.5, 7, more=True),
            Goal("rms10_a", "A", 32.2, 31, 29.5),
            Goal("longest_over_s", "s", 11, 6, 4.5),
            Goal("closings", "", 45, 45, 45),
        ),
        _SMART,
        robust=True,
    ),
    Scenario(
        "fuse3",
        "fuse3",
        (
            Goal("car_kwh", "kWh", 30.96, 33.5, 34.5, more=True),
            Goal("rms10_a", "A", 31.9, 31, 29.5),
            Goal("longest_over_s", "s", 9.5, 6, 4.5),
            Goal("closings", "", 28, 30, 28),
        ),
        _SMART,
        robust=True,
    ),
    Scenario(
        "clear_3ph, Auto",
        "clear_3ph",
        (
            Goal("net_kwh", "kWh", 32.3, 32.3, 33.5, more=True),
            Goal("grid_kwh", "kWh", 1.24, 1.3, 0.6),
            Goal("closings", "", 10, 7, 4),
            Goal("offer_changes", "", 5519, 800, 500),
        ),
        _AUTO,
        robust=True,
    ),
    Scenario(
        "broken_3ph, Auto",
        "broken_3ph",
        (
            Goal("net_kwh", "kWh", 6.1, 8.3, 10, more=True),
            Goal("grid_kwh", "kWh", 7.96, 5.8, 4),
            Goal("closings", "", 28, 14, 10),
            Goal("offer_changes", "", 3620, 900, 600),
        ),
        _AUTO,
        robust=True,
    ),
    Scenario(
        "clear_3ph, 3P",
        "clear_3ph",
        (Goal("net_kwh", "kWh", 24.7, 24, 25.5, more=True), Goal("closings", "", 21, 4, 2)),
        _THREE,
    ),
    Scenario(
        "overcast_3ph, Auto",
        "overcast_3ph",
        (Goal("surplus_used_pct", "%", 21.4, 10, 30, more=True), Goal("grid_kwh", "kWh", 0.23, 0.25, 0.15)),
        _AUTO,
    ),
)

DEAD_TIMES_MS: Final = (500, 1_000, 4_000, 5_000)
PERIODS_MS: Final = (2_000, 5_000, 10_000)
SLACK_S: Final = 3.0
"""An overload may last for the dead time, the meter's period and this."""

MORE_CHANGES: Final = 2
"""A slower car or meter may change the offer so many times as often as the same at 1 s."""


def with_net(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures of a replay, and what an owner gains: used surplus less what came from the grid."""
    return figures | {"net_kwh": round(figures["car_kwh"] - 2 * figures["grid_kwh"], 3)}
