"""Every row of the meter table against a Modbus server that is not ours, and what no meter can say."""

import asyncio
import os
import select
import threading
import tty
from dataclasses import astuple
from types import TracebackType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from evsed.core.model import MeterType, PhaseCurrents
from evsed.core.settings import METER_NAMES, Settings
from evsed.hw.decoding import Form, Order, divided
from evsed.hw.meters import ROWS, ImplausibleError, Meter, Read, Values, meter_for, needs
from evsed.hw.rs485 import Line, Request
from tests.core.story import settings
from tests.hw.heard import PATIENCE_S
from tests.hw.meter_images import CUSTOM, EASTRON, IMAGES, Image, floats, longs, low_word_first, shorts

PRACTICE_BAUD = 115_200


class NullModem:
    """Two pseudo-terminals whose masters are tied together."""

    def __init__(self) -> None:
        self._masters, self._slaves = zip(*(os.openpty() for _ in range(2)), strict=True)
        for slave in self._slaves:
            tty.setraw(slave)
        self.ends = [os.ttyname(slave) for slave in self._slaves]
        self._over, self._end = os.pipe()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _carry(self) -> None:
        while True:
            ready, _, _ = select.select([*self._masters, self._over], [], [])
            if self._over in ready:
                return
            for master in ready:
                os.write(self._masters[1 - self._masters.index(master)], os.read(master, 256))

    def close(self) -> None:
        os.write(self._end, b"x")
        self._thread.join()
        for descriptor in (*self._masters, *self._slaves, self._over, self._end):
            os.close(descriptor)


class Served:
    """``image`` behind pymodbus's serial server, and our line to it."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def __enter__(self) -> Line:
        self._modem = NullModem()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        listening = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(listening)))
        self._thread.start()
        assert listening.wait(PATIENCE_S)
        self._line = Line(self._modem.ends[1], PRACTICE_BAUD)
        return self._line

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._line.close()
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()
        self._modem.close()

    async def _serve(self, listening: threading.Event) -> None:
        registers = [
            SimData(first, values=[int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)],
                    datatype=DataType.REGISTERS)
            for first, data in sorted(self._image.blocks)
        ]  # fmt: skip
        nothing = [SimData(65_000, values=0, datatype=DataType.REGISTERS)]
        bits = [SimData(0, values=False, datatype=DataType.BITS)]
        blocks = (registers, nothing) if self._image.function == 3 else (nothing, registers)
        device = SimDevice(id=self._image.address, simdata=(bits, bits, *blocks))
        server = ModbusSerialServer(device, framer=FramerType.RTU, port=self._modem.ends[0], baudrate=PRACTICE_BAUD)
        await server.serve_forever(background=True)
        listening.set()
        await self._over.wait()
        await server.shutdown()  # type: ignore[no-untyped-call]


def dialog(kind: MeterType, **chosen: int) -> Meter:
    found = meter_for(kind, settings(**chosen))
    assert found is not None
    return found


def together(told: list[Values]) -> Values:
    """The values of several answers in one; each value may come once only."""
    merged: dict[str, object] = {}
    for values in told:
        for name in ("currents", "power_w", "import_wh", "export_wh", "volts"):
            value = getattr(values, name)
            if value is not None:
                assert name not in merged, f"{name} is asked for twice"
                merged[name] = value
    return Values(**merged)  # type: ignore[arg-type]


def name_of(image: Image) -> str:
    return f"{METER_NAMES[image.kind]}-{'-'.join(str(value) for value in image.settings.values())}".strip("-")


@pytest.mark.parametrize("image", [*IMAGES, *CUSTOM], ids=name_of)
def test_a_meter_behind_a_foreign_server_is_read_right(image: Image) -> None:
    meter = dialog(image.kind, **image.settings)
    assert meter.name == METER_NAMES[image.kind]
    reads = (meter.fast, *meter.slow, *meter.extra)
    with Served(image) as line:
        told = [
            meter.take(read, line.ask(Request(image.address, read.function, read.first, read.count))) for read in reads
        ]
    assert told[0].currents is not None
    values = together(told)
    assert values.currents == image.expected.currents
    assert (values.power_w, values.import_wh, values.export_wh) == (
        image.expected.power_w, image.expected.import_wh, image.expected.export_wh)  # fmt: skip
    assert values.volts == (None if image.expected.volts is None else pytest.approx(image.expected.volts))


def test_every_type_of_the_table_is_here() -> None:
    pictured = {image.kind for image in (*IMAGES, *CUSTOM)}
    off_the_bus = {MeterType.DISABLED, MeterType.API, MeterType.HOMEWIZARD}
    assert pictured | off_the_bus | {MeterType.SENSORBOX} == set(MeterType)
    for kind in off_the_bus:
        assert meter_for(kind, Settings()) is None
    assert dialog(MeterType.SENSORBOX).fixed_address == 10
    assert all(dialog(kind).fixed_address is None and dialog(kind).write() is None for kind in pictured)


# Number, name, function, then first register and exponent of V, A, W, kWh in, kWh out.
TABLE: tuple[tuple[int, str, int, tuple[int, int] | None, tuple[int, int], tuple[int, int], tuple[int, int],
                   tuple[int, int] | None], ...] = (
    (2, "Phoenix C", 4, (0x0000, 1), (0x000C, 3), (0x0028, 1), (0x003E, 1), None),
    (3, "Finder 7E", 4, (0x1000, 0), (0x100E, 0), (0x1026, 0), (0x1106, 3), (0x110E, 3)),
    (4, "Eastron3P", 4, (0x0000, 0), (0x0006, 0), (0x0034, 0), (0x0048, 0), (0x004A, 0)),
    (5, "InvEastrn", 4, (0x0000, 0), (0x0006, 0), (0x0034, 0), (0x0048, 0), (0x004A, 0)),
    (6, "ABB", 3, (0x5B00, 1), (0x5B0C, 2), (0x5B14, 2), (0x5000, 2), (0x5004, 2)),
    (7, "SolarEdge", 3, (40196, 0), (40191, 0), (40206, 0), (40234, 3), (40226, 3)),
    (8, "WAGO", 3, (0x5002, 0), (0x500C, 0), (0x5012, -3), (0x600C, 0), (0x6018, 0)),
    (10, "Eastron1P", 4, (0x0000, 0), (0x0006, 0), (0x000C, 0), (0x0048, 0), (0x004A, 0)),
    (11, "Finder 7M", 4, (2500, 0), (2516, 0), (2536, 0), (2638, 3), None),
    (12, "Sinotimer", 4, (0x0000, 1), (0x0003, 2), (0x0008, 0), (0x0027, 2), (0x0031, 2)),
    (14, "Schneider", 3, (0x0BD3, 0), (0x0BB7, 0), (0x0BF3, -3), (0xB02B, 0), (0xB02D, 0)),
    (15, "Chint 3P", 3, (0x2000, 1), (0x200C, 3), (0x2012, 1), (0x101E, 0), (0x1028, 0)),
    (16, "C.Gavazzi", 4, (0x0000, 1), (0x000C, 3), (0x0028, 1), (0x0034, 1), (0x004E, 1)),
    (17, "Chint 1P", 3, (0x2000, 1), (0x2002, 0), (0x2004, -3), (0x4000, 0), (0x400A, 0)),
)  # fmt: skip
OTHERS = {0: "Disabled", 1: "Sensorbox", 9: "API", 13: "Homewizrd", 19: "Custom"}


def test_numbers_names_and_registers_are_those_of_the_facts() -> None:
    assert {number: METER_NAMES[number] for number in MeterType} == OTHERS | {row[0]: row[1] for row in TABLE}
    assert {int(kind) for kind in ROWS} == {row[0] for row in TABLE}
    for number, _, function, *quantities in TABLE:
        row = ROWS[MeterType(number)]
        assert row.function == function
        found = [row.volts, row.amps, row.watts, row.import_kwh, row.export_kwh]
        assert [None if item is None else (item.register, item.exponent) for item in found] == quantities


ONE_REQUEST = {
    MeterType.EASTRON3P: (4, 0x0006, 12),
    MeterType.INV_EASTRON: (4, 0x0006, 12),
    MeterType.ABB: (3, 0x5B0C, 16),
    MeterType.FINDER_7M: (4, 2516, 20),
    MeterType.SCHNEIDER: (3, 0x0BB7, 60),
    MeterType.CHINT3P: (3, 0x200C, 14),
    MeterType.CHINT1P: (3, 0x2002, 4),
    MeterType.SOLAREDGE: (3, 40191, 4),
    MeterType.SENSORBOX: (4, 0x0000, 20),
}


@pytest.mark.parametrize("kind", ONE_REQUEST)
def test_currents_and_their_signs_come_in_the_request_of_the_facts(kind: MeterType) -> None:
    assert astuple(dialog(kind).fast) == ONE_REQUEST[kind]


def test_what_comes_with_the_currents_is_not_asked_for_again() -> None:
    for kind in (MeterType.ABB, MeterType.CHINT3P, MeterType.CHINT1P, MeterType.EASTRON1P):
        assert len(dialog(kind).slow) == (1 if kind in {MeterType.ABB, MeterType.EASTRON1P} else 2)
    assert [astuple(read) for read in dialog(MeterType.EASTRON3P).slow] == [(4, 0x0034, 2), (4, 0x0048, 4)]


# ---- what cannot be ----


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


IMPOSSIBLE: tuple[tuple[MeterType, Read, bytes, str], ...] = (
    (MeterType.WAGO, Read(3, 0x500C, 6), floats(1.0, float("nan"), 1.0), "current of L2 in register 0x500e is nan A"),
    (MeterType.WAGO, Read(3, 0x500C, 6), floats(1.0, 1.0, float("-inf")), "current of L3 in register 0x5010 is -inf A"),
    (MeterType.WAGO, Read(3, 0x500C, 6), floats(1000.5, 0.0, 0.0), "current of L1 in register 0x500c is 1000 A"),
    (MeterType.WAGO, Read(3, 0x5012, 2), floats(2_000.0), "power in register 0x5012 is 2e[+]06 W"),
    (MeterType.WAGO, Read(3, 0x600C, 2), floats(-1.0), "imported energy in register 0x600c is -1 kWh"),
    (MeterType.WAGO, Read(3, 0x6018, 2), floats(1e30), "exported energy in register 0x6018 is 1e[+]30 kWh"),
    (MeterType.WAGO, Read(3, 0x5002, 6), floats(230.0, -1.0, 230.0), "voltage of L2 in register 0x5004 is -1 V"),
    (MeterType.EASTRON3P, Read(4, 6, 12), floats(1, 1, 1, 230, float("nan"), 230), "power of L2 in register 0x000e"),
    (MeterType.ABB, Read(3, 0x5B0C, 16), longs(1, 1, 0x7FFF_FFFF, 0, 0, 0, 0, 0), "current of L3 in register 0x5b10"),
    (MeterType.ABB, Read(3, 0x5000, 8), b"\x7f" + b"\xff" * 7 + bytes(8), "imported energy in register 0x5000"),
    (MeterType.SOLAREDGE, Read(3, 40191, 4), shorts(1, 1, 1, -11), "scale factor in register 0x9d02 is -11"),
    (MeterType.SOLAREDGE, Read(3, 40191, 4), shorts(1, 1, 1, -0x8000), "scale factor in register 0x9d02 is -32768"),
    (MeterType.SOLAREDGE, Read(3, 40191, 4), shorts(1, -0x8000, 1, -2), "0x9d00 is not implemented"),
    (MeterType.SOLAREDGE, Read(3, 40206, 2), shorts(500, 345), "scale factor in register 0x9d0f is 345"),
    (MeterType.CARLO_GAVAZZI, Read(4, 0x34, 2), low_word_first(-1), "imported energy in register 0x0034 is -0.1 kWh"),
    (MeterType.EASTRON3P, Read(4, 6, 12), bytes(20), "10 registers came instead of 12"),
)


@pytest.mark.parametrize(("kind", "read", "data", "text"), IMPOSSIBLE)
def test_what_no_meter_measures_is_named_with_its_register(kind: MeterType, read: Read, data: bytes, text: str) -> None:
    with pytest.raises(ImplausibleError, match=text):
        dialog(kind).take(read, words_of(data))


def test_a_current_of_nothing_beside_a_power_is_refused() -> None:
    """Bug of S3#62: the meter read zeros while 9 A flowed, and the charger believed it."""
    meter = dialog(MeterType.EASTRON3P)
    lost = floats(9.0, 0.0, 9.0, 2070.0, 2070.0, 2070.0)
    with pytest.raises(ImplausibleError, match="current of L2 is 0 A, but its power in register 0x000e is 2070 W"):
        meter.take(meter.fast, words_of(lost))
    idle = floats(0.0, 0.0, 0.0, 3.0, 0.0, -0.0)
    assert meter.take(meter.fast, words_of(idle)).currents == PhaseCurrents(0, 0, 0)


def test_a_current_without_power_counts_as_import() -> None:
    for kind in (MeterType.EASTRON3P, MeterType.INV_EASTRON):
        meter = dialog(kind)
        told = meter.take(meter.fast, words_of(floats(5.0, 5.0, 5.0, 0.0, -0.0, 1.0)))
        assert told.currents is not None
        assert told.currents.each()[:2] == (50, 50)


def test_energies_are_unknown_until_they_were_read() -> None:
    """Bug 24: energies were 0 before the first read."""
    meter = dialog(MeterType.EASTRON3P)
    told = meter.take(meter.fast, words_of(EASTRON[0][1])[6:18])
    assert (told.import_wh, told.export_wh, told.power_w) == (None, None, None)


def test_a_role_that_is_not_on_the_bus_has_no_dialog() -> None:
    """Bug 21: the replies of an address were parsed though the role was disabled or API."""
    for kind in ("Disabled", "API", "Homewizrd"):
        chosen = settings(mains_meter=kind, mains_meter_address=12)
        assert meter_for(MeterType(chosen.mains_meter), chosen) is None


# ---- Custom ----


def test_what_the_owner_did_not_set_is_not_read() -> None:
    meter = dialog(MeterType.CUSTOM, current_register=6)
    assert (meter.slow, [read.first for read in meter.extra]) == ((), [0])
    assert dialog(MeterType.CUSTOM).extra == ()
    both = dialog(MeterType.CUSTOM, current_register=6, power_register=52, energy_register=72)
    assert [read.first for read in both.slow] == [52, 72]


def test_a_dialog_is_made_anew_for_what_it_was_made_from_only() -> None:
    custom, box, eastron = MeterType.CUSTOM, MeterType.SENSORBOX, MeterType.EASTRON3P
    for kind, chosen, anew in (
        (custom, {"current_divisor": 3}, True),
        (custom, {"function": 4}, True),
        (custom, {"mode": 1}, False),
        (box, {"current_main": 125}, True),
        (box, {"sb2_wifi": 2}, True),
        (box, {"current_max": 16}, False),
        (eastron, {"current_divisor": 3}, False),
    ):
        assert (needs(kind, settings()) != needs(kind, settings(**chosen))) is anew
    assert needs(eastron, settings()) != needs(MeterType.INV_EASTRON, settings())


ANY_CUSTOM = st.fixed_dictionaries(
    {"byte_order": st.integers(0, 3), "data_type": st.integers(0, 2), "function": st.integers(3, 4)}
    | {f"{name}_register": st.integers(0, 65_534) for name in ("voltage", "current", "power", "energy")}
    | {f"{name}_divisor": st.integers(0, 7) for name in ("voltage", "current", "power", "energy")}
)


@given(st.sampled_from([*ROWS, MeterType.CUSTOM]), ANY_CUSTOM, st.data())
def test_whatever_a_meter_says_is_taken_or_refused(
    kind: MeterType, chosen: dict[str, int], data: st.DataObject
) -> None:
    meter = dialog(kind, **chosen)
    for read in (meter.fast, *meter.slow, *meter.extra):
        assert read.count <= 125
        words = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=read.count, max_size=read.count))
        try:
            told = meter.take(read, words)
        except ImplausibleError:
            continue
        if told.currents is not None:
            assert all(abs(current) <= 10_000 for current in told.currents.each())
        for energy in (told.import_wh, told.export_wh):
            assert energy is None or energy >= 0


def test_forms_orders_and_divisors() -> None:
    assert [form.width for form in (Form.INT16, Form.INT32, Form.FLOAT32, Form.INT64)] == [1, 2, 2, 4]
    assert [order.name for order in Order] == ["LBF_LWF", "LBF_HWF", "HBF_LWF", "HBF_HWF"]
    assert [divided(123.0, exponent) for exponent in (0, 1, -3)] == [123.0, 12.3, 123_000.0]
