"""A past for the page to show: a day with sun, a car and two gaps, and two months of sessions. The same each time."""

import math
import random
from collections.abc import Iterator

from evsed.core.actions import LogSession
from evsed.core.record import NOTHING_KEPT, Ending, Kept, Part, SessionRecord
from evsed.core.states import State
from evsed.history.rows import ROWS, STEP_S, History, Row
from evsed.logbook.log import Logbook
from tests.scenarios.simulation import PATIENCE_S, Simulation

MAINS_DA = 250
PEAK_DA, PEAK_ROW = 287, 1_500
SILENT = range(700, 760)  # rows in which the mains meter does not answer
OFF = range(2_000, 2_060)  # and in which nothing was recorded
CHARGED_WH = 90 * 400
LAST = 3_000


def a_day(end_s: int | None, rows: int = ROWS) -> History:
    """A day of so many rows that ends at ``end_s``; None: nobody knows the time."""
    history = History("00c0ffee")
    dice = random.Random(11)
    for row in range(rows):
        if row not in OFF:
            history.put(LAST - rows + 1 + row, _row(row, dice))
    history.begun_s = None if end_s is None else end_s - (LAST + 1) * STEP_S
    return history


def _row(row: int, dice: random.Random) -> Row:
    sun = max(0.0, math.sin((row - 600) / 1_400 * math.pi)) * 95 if 600 <= row < 2_000 else 0.0
    car = (160, 160, 160) if 1_400 <= row < 1_800 else (0, 0, 0)
    mains = [round(15 + phase * 9 + dice.uniform(-6, 14) - sun + own) for phase, own in enumerate(car)]
    peaks = [value + round(dice.uniform(0, 25)) for value in mains]
    if row == PEAK_ROW:
        peaks[1] = PEAK_DA
    known = row not in SILENT
    charges, there = car[0] > 0, 1_300 <= row < 2_400
    offer = 160 if charges else 0
    numbers = (
        *(mains if known else [None] * 3),
        *(peaks if known else [None] * 3),
        *car,
        offer,
        MAINS_DA,
        None,
        90 if charges else 0,
    )
    if charges:
        return Row(numbers, State.C, "")
    if not there:
        return Row(numbers, State.A, "no_car")
    return Row(numbers, State.B1, "no_sun" if row < 1_400 else "car_not_ready")


def sessions(end_s: int, days: int = 60) -> Iterator[SessionRecord]:
    """One each second day, the last one yesterday."""
    dice = random.Random(12)
    for number in range(1, days // 2 + 1):
        start_s = end_s - (days - 2 * number + 1) * 86_400
        wh = dice.randrange(4_000, 32_000)
        solar = None if number == 3 else dice.randrange(0, wh * 1_000)
        yield SessionRecord(
            number,
            revision=10_000 + number,
            start_s=start_s,
            end_s=start_s + 9_000,
            seen_s=start_s + 9_000,
            ending=Ending.UNPLUGGED,
            start_wh=100_000,
            end_wh=100_000 + wh,
            energy_wh=wh,
            solar_mwh=solar,
            by_phases=(0, 0, wh),
            phases=(3,),
            parts=(Part("04A1B2C3D4E5", "Anna", wh, solar or 0),) if number % 3 == 0 else (),
            modes=("SOLAR",) if number % 2 else ("SMART",),
            peak=160,
            charging_ms=7_200_000,
            closings=(2, 2),
            stops=(("no_sun", 2), ("car_stopped", 1)),
            last_stop="car_stopped",
        )


def remember(simulation: Simulation, records: list[SessionRecord]) -> None:
    """Puts ``records`` into the log of a charger whose daemon does not run."""
    logbook = Logbook(simulation.state_dir)
    logbook.load(NOTHING_KEPT)
    logbook.start()
    *earlier, last = records
    logbook.submit(LogSession(Kept(last=last), tuple(earlier)))
    assert logbook.close(PATIENCE_S)
