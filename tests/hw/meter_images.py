"""What each type of meter has in its registers while it measures something known: written by hand from the meters' own
register lists with ``struct``, without a look at the table under test.
"""

import struct
from dataclasses import dataclass, field

from evsed.core.model import MeterType, PhaseCurrents
from evsed.hw.meters import Values

ADDRESS = 20


@dataclass(frozen=True)
class Image:
    """A meter's registers (first register, bytes) and what they mean."""

    kind: MeterType
    function: int
    blocks: tuple[tuple[int, bytes], ...]
    expected: Values
    settings: dict[str, int] = field(default_factory=dict)
    address: int = ADDRESS

    @property
    def words(self) -> dict[int, int]:
        """The registers by number."""
        found: dict[int, int] = {}
        for first, data in self.blocks:
            for offset in range(0, len(data), 2):
                found[first + offset // 2] = int.from_bytes(data[offset : offset + 2], "big")
        return found


def floats(*values: float) -> bytes:
    return struct.pack(f">{len(values)}f", *values)


def shorts(*values: int) -> bytes:
    return struct.pack(f">{len(values)}h", *values)


def longs(*values: int) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


def long_longs(*values: int) -> bytes:
    return struct.pack(f">{len(values)}q", *values)


def low_word_first(*values: int) -> bytes:
    return b"".join(struct.pack(">i", value)[2:] + struct.pack(">i", value)[:2] for value in values)


def swapped_bytes(data: bytes) -> bytes:
    return b"".join(data[start + 1 : start + 2] + data[start : start + 1] for start in range(0, len(data), 2))


VOLTS = (230.5, 231.0, 229.5)
MIXED = PhaseCurrents(100, -65, 2)  # import, export, next to nothing
EVERYTHING = Values(MIXED, 851, 1_234_500, 567_800, VOLTS)
NO_EXPORT = Values(MIXED, 851, 1_234_500, None, VOLTS)
EASTRON = (
    (0x0000, floats(230.5, 231.0, 229.5, 10.0, 6.5, 0.2, 2305.0, -1501.5, 46.0)),  # V, then A without signs, then W
    (0x0034, floats(851.0)),
    (0x0048, floats(1234.5, 567.8)),
)

IMAGES = (
    Image(
        MeterType.PHOENIX,
        4,
        (
            (0x0000, low_word_first(2305, 2310, 2295)),
            (0x000C, low_word_first(10_000, -6_500, 200)),
            (0x0028, low_word_first(8_510)),
            (0x003E, low_word_first(12_345)),
        ),
        NO_EXPORT,
    ),
    Image(
        MeterType.FINDER_7E,
        4,
        (
            (0x1000, floats(230.5, 231.0, 229.5)),
            (0x100E, floats(10.0, -6.5, 0.2)),
            (0x1026, floats(851.0)),
            (0x1106, floats(1_234_500.0)),
            (0x110E, floats(567_800.0)),
        ),
        EVERYTHING,
    ),
    Image(MeterType.EASTRON3P, 4, EASTRON, EVERYTHING),
    Image(
        MeterType.INV_EASTRON,
        4,
        EASTRON,
        Values(PhaseCurrents(-100, 65, -2), -851, 567_800, 1_234_500, VOLTS),
    ),
    Image(
        MeterType.ABB,
        3,
        (
            (0x5000, long_longs(123_450, 56_780)),
            (0x5B00, longs(2305, 2310, 2295, 4000, 4001, 4002, 1000, 650, 20, 7, 85_100, 230_500, -150_150, 4_600)),
        ),
        EVERYTHING,
    ),
    Image(
        MeterType.SOLAREDGE,
        3,
        (
            (40191, shorts(1000, -650, 20, -2)),
            (40196, shorts(2305, 2310, 2295, 2303, 4000, 4001, 4002, -1)),
            (40206, shorts(8510, -1)),
            (40226, longs(567_800)),
            (40234, longs(1_234_500)),
        ),
        EVERYTHING,
    ),
    Image(
        MeterType.WAGO,
        3,
        (
            (0x5002, floats(230.5, 231.0, 229.5)),
            (0x500C, floats(10.0, -6.5, 0.2)),
            (0x5012, floats(0.851)),
            (0x600C, floats(1234.5)),
            (0x6018, floats(567.8)),
        ),
        EVERYTHING,
    ),
    Image(
        MeterType.EASTRON1P,
        4,
        (
            (0x0000, floats(230.5)),
            (0x0006, floats(6.5)),
            (0x0008, floats(0.0, 0.0)),
            (0x000C, floats(-1498.0)),
            (0x0048, floats(1234.5, 567.8)),
        ),
        Values(PhaseCurrents(-65, 0, 0), -1498, 1_234_500, 567_800, (230.5, 0.0, 0.0)),
    ),
    Image(
        MeterType.FINDER_7M,
        4,
        (
            (2500, floats(230.5, 231.0, 229.5)),
            (2516, floats(10.0, 6.5, 0.2, 0.0, 0.0, 0.0, 0.0, 2305.0, -1501.5, 46.0, 851.0)),
            (2638, floats(1_234_500.0)),
        ),
        NO_EXPORT,
    ),
    Image(
        MeterType.SINOTIMER,
        4,
        (
            (0x0000, shorts(2305, 2310, 2295, 1000, -650, 20)),
            (0x0008, shorts(2305, -1500, 46)),
            (0x0027, longs(123_450)),
            (0x0031, longs(56_780)),
        ),
        EVERYTHING,
    ),
    Image(
        MeterType.SCHNEIDER,
        3,
        (
            (0x0BB7, floats(10.0, 6.5, 0.2, *([0.0] * 11), 230.5, 231.0, 229.5, *([0.0] * 10))),
            (0x0BED, floats(2.305, -1.5015, 0.046, 0.851)),
            (0xB02B, floats(1234.5, 567.8)),
        ),
        EVERYTHING,
    ),
    Image(
        MeterType.CHINT3P,
        3,
        (
            (0x101E, floats(1234.5)),
            (0x1028, floats(567.8)),
            (0x2000, floats(2305, 2310, 2295, 0, 0, 0)),
            (0x200C, floats(10_000, 6_500, 200, 8_510, 23_050, -15_015, 460)),
        ),
        EVERYTHING,
    ),
    Image(
        MeterType.CARLO_GAVAZZI,
        4,
        (
            (0x0000, low_word_first(2305, 2310, 2295)),
            (0x000C, low_word_first(10_000, -6_500, 200)),
            (0x0028, low_word_first(8_510)),
            (0x0034, low_word_first(12_345)),
            (0x004E, low_word_first(5_678)),
        ),
        EVERYTHING,
    ),
    Image(
        MeterType.CHINT1P,
        3,
        ((0x2000, floats(2305.0, 6.5, -1.498)), (0x4000, floats(1234.5)), (0x400A, floats(567.8))),
        Values(PhaseCurrents(-65, 0, 0), -1498, 1_234_500, 567_800, (230.5, 0.0, 0.0)),
    ),
)

_MEASURED = {0x0100: (2305, 2310, 2295), 0x0200: (10_000, -6_500, 200), 0x0300: (8_510,), 0x0400: (12_345,)}
_WHERE = {"voltage_register": 0x0100, "voltage_divisor": 1, "current_register": 0x0200, "current_divisor": 3,
          "power_register": 0x0300, "power_divisor": 1, "energy_register": 0x0400, "energy_divisor": 1}  # fmt: skip


def _custom(order: int, function: int) -> Image:
    """A Custom meter of int32 in one of the four byte orders."""
    blocks = []
    for first, values in _MEASURED.items():
        data = low_word_first(*values) if order in {0, 2} else longs(*values)
        blocks.append((first, swapped_bytes(data) if order in {0, 1} else data))
    chosen = {**_WHERE, "byte_order": order, "data_type": 0, "function": function}
    return Image(MeterType.CUSTOM, function, tuple(blocks), NO_EXPORT, chosen)


CUSTOM = (
    _custom(0, 3),
    _custom(1, 4),
    _custom(2, 3),
    _custom(3, 4),
    Image(
        MeterType.CUSTOM,
        4,
        (
            (0x0100, floats(230.5, 231.0, 229.5)),
            (0x0200, floats(10.0, -6.5, 0.2)),
            (0x0300, floats(851.0)),
            (0x0400, floats(1234.5)),
        ),
        NO_EXPORT,
        {**_WHERE, "voltage_divisor": 0, "current_divisor": 0, "power_divisor": 0, "energy_divisor": 0,
         "byte_order": 3, "data_type": 1, "function": 4},
    ),
    Image(
        MeterType.CUSTOM,
        3,
        ((0x0000, shorts(100, -65, 2)),),
        Values(MIXED),
        {"current_divisor": 1, "byte_order": 3, "data_type": 2, "function": 3},
    ),
)  # fmt: skip
