"""A meter that only has registers to read: what is asked of it in one go, and what its answers say. No I/O.

Owns what a row of the meter table means; the rows are meters.py's, how a number is written in registers is
decoding.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evsed.core.model import PhaseCurrents
from evsed.core.units import WattHours, Watts
from evsed.hw import decoding
from evsed.hw.decoding import Form, ImplausibleError, Order
from evsed.hw.dialog import Read, Values


@dataclass(frozen=True, slots=True)
class Quantity:
    """Where a value begins, the decimal exponent of its divisor, and its form where that is not the row's."""

    register: int
    exponent: int = 0
    form: Form | None = None
    scale: int | None = None  # registers from here to its SunSpec scale factor
    parts: int = 1  # as many numbers, one after the other, that have to be added


@dataclass(frozen=True, slots=True)
class Row:
    """One type of meter: V, A, W and kWh after their divisors. ``signs`` is where the powers of the phases begin that
    give the currents their signs; None: the currents have signs of their own.
    """

    function: int
    form: Form
    volts: Quantity | None
    amps: Quantity
    watts: Quantity | None
    import_kwh: Quantity | None
    export_kwh: Quantity | None = None
    signs: int | None = None
    phases: int = 3
    order: Order = Order.HBF_HWF
    fed_from_below: bool = False  # mounted upside down: import is export

    def width(self, quantity: Quantity) -> int:
        """Registers that one number of ``quantity`` takes."""
        return (quantity.form or self.form).width

    def span(self, quantity: Quantity, count: int) -> tuple[int, int]:
        """First register of ``count`` such numbers, and the first behind them and their scale factor."""
        end = quantity.register + count * self.width(quantity)
        return quantity.register, end if quantity.scale is None else max(end, quantity.register + quantity.scale + 1)


class RegisterMeter:
    """A meter that only has registers to read. Holds no state."""

    fixed_address = None

    def __init__(self, name: str, row: Row) -> None:
        """``name`` is what clients see."""
        self.name = name
        self._row = row
        self.fast = self._fast()
        self.slow = self._slow()
        self.extra: tuple[Read, ...] = () if row.volts is None else (self._read(self._row.span(row.volts, row.phases)),)

    def write(self) -> None:
        """These meters are never told anything."""

    def take(self, read: Read, words: Sequence[int]) -> Values:
        """What ``words`` say. Raises ImplausibleError."""
        row, answer = self._row, _Answer(read, words, self._row)
        sign = -1 if row.fed_from_below else 1
        watts = answer.watts(row.watts)
        imported, exported = answer.energy(row.import_kwh, "imported"), answer.energy(row.export_kwh, "exported")
        if row.fed_from_below:
            imported, exported = exported, imported
        return Values(
            currents=answer.currents() if read == self.fast else None,
            power_w=None if watts is None else sign * watts,
            import_wh=imported,
            export_wh=exported,
            volts=answer.volts() if read in self.extra else None,
        )

    # ---- what is read in one go ----

    def _fast(self) -> Read:
        spans = [self._row.span(self._row.amps, self._row.phases)]
        if self._row.signs is not None:
            spans.append(self._row.span(Quantity(self._row.signs), self._row.phases))
        return self._read(_joined(spans))

    def _slow(self) -> tuple[Read, ...]:
        """Power and energies that ``fast`` does not hold, those that touch in one request."""
        told = (self._row.watts, self._row.import_kwh, self._row.export_kwh)
        spans = [self._row.span(quantity, quantity.parts) for quantity in told if quantity is not None]
        merged: list[tuple[int, int]] = []
        for first, end in sorted(span for span in spans if not self.fast.holds(*span)):
            if merged and merged[-1][1] == first:
                merged[-1] = (merged[-1][0], end)
            else:
                merged.append((first, end))
        return tuple(self._read(span) for span in merged)

    def _read(self, span: tuple[int, int]) -> Read:
        return Read(self._row.function, span[0], span[1] - span[0])


def _joined(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return min(first for first, _ in spans), max(end for _, end in spans)


class _Answer:
    """The registers of one answer, as a row of the table sees them."""

    def __init__(self, read: Read, words: Sequence[int], row: Row) -> None:
        if len(words) != read.count:
            raise ImplausibleError(f"{len(words)} registers came instead of {read.count}")
        self._read, self._words, self._row = read, words, row

    def currents(self) -> PhaseCurrents:
        """The currents of all phases with their signs."""
        row = self._row
        amps = self._numbers(row.amps, row.phases, "a current")
        width = row.width(row.amps)
        registers = [row.amps.register + width * phase for phase in range(row.phases)]
        if row.signs is not None:
            exponent = 0 if row.watts is None else row.watts.exponent
            watts = self._numbers(Quantity(row.signs, exponent), row.phases, "a power")
            down = -1 if row.fed_from_below else 1
            amps = [
                decoding.signed(amp, down * watt, phase + 1, row.signs + width * phase)
                for phase, (amp, watt) in enumerate(zip(amps, watts, strict=True))
            ]
        return decoding.three([decoding.current(amp, phase + 1, registers[phase]) for phase, amp in enumerate(amps)])

    def watts(self, quantity: Quantity | None) -> Watts | None:
        """The power of all phases together, as the meter counts it."""
        if quantity is None or not self._holds(quantity, quantity.parts):
            return None
        return decoding.power(sum(self._numbers(quantity, quantity.parts, "the power")), quantity.register)

    def energy(self, quantity: Quantity | None, which: str) -> WattHours | None:
        """One counter."""
        if quantity is None or not self._holds(quantity, 1):
            return None
        return decoding.energy(self._numbers(quantity, 1, f"the {which} energy")[0], which, quantity.register)

    def volts(self) -> tuple[float, float, float] | None:
        """The voltages of all phases."""
        quantity = self._row.volts
        if quantity is None or not self._holds(quantity, self._row.phases):
            return None
        width = self._row.width(quantity)
        volts = [
            decoding.voltage(value, phase + 1, quantity.register + width * phase)
            for phase, value in enumerate(self._numbers(quantity, self._row.phases, "a voltage"))
        ]
        l1, l2, l3 = (*volts, 0.0, 0.0)[:3]
        return (l1, l2, l3)

    def _holds(self, quantity: Quantity, count: int) -> bool:
        first, end = self._row.span(quantity, count)
        return self._read.holds(first, end)

    def _numbers(self, quantity: Quantity, count: int, what: str) -> list[float]:
        """``count`` numbers from where ``quantity`` begins, divided and scaled."""
        form = quantity.form or self._row.form
        words = self._from(quantity.register, count * form.width)
        exponent = quantity.exponent
        if quantity.scale is not None:
            for offset, word in enumerate(words):
                decoding.implemented(word, what, quantity.register + offset)
            at = quantity.register + quantity.scale
            exponent -= decoding.scale(self._from(at, 1)[0], at)
        return [decoding.divided(value, exponent) for value in decoding.numbers(words, form, self._row.order)]

    def _from(self, register: int, count: int) -> Sequence[int]:
        start = register - self._read.first
        return self._words[start : start + count]
