"""The Sensorbox 2: the recorded frames, what it is told, and what it may not say."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import (
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
    WriteMultipleRegistersRequest,
)

from evsed.core.model import PhaseCurrents
from evsed.core.setting import Offers
from evsed.hw.dialog import Read, Values
from evsed.hw.meters import ImplausibleError
from evsed.hw.sensorbox import Portal, Sensorbox
from tests.core.story import settings

REQUEST = bytes.fromhex("0a 04 00 00 00 14 f1 7e")
ANSWER = bytes.fromhex(
    "0a 04 28 00 14 32 83 43 66 80 00 43 66 4c cd 43 69 19 9a 3e 12 9a 61 3f 9f 83 80 be 41 4a 5a 3b ea 00 3b bb 6f f3"
    "6b 3a 45 8d e3 ca cb"
)
NODE_MAY_CHARGE = bytes.fromhex("03 10 00 00 00 02 04 00 07 00 00 49 D6")
SHORT, LONG = Read(4, 0, 20), Read(4, 0, 32)


def crc(frame: bytes) -> bytes:
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def registers(
    *,
    version: int = 0x0014,
    source: int = 0x03,
    volts: tuple[float, ...] = (0.0, 0.0, 0.0),
    p1: tuple[float, ...] = (1.0, 2.0, 3.0),
    cts: tuple[float, ...] = (4.0, -5.0, 6.0),
    wifi: int | None = None,
) -> list[int]:
    """What the box has; with ``wifi`` the registers of version 1 behind it."""
    data = struct.pack(">HH9f", version, 0x3200 | source, *volts, *p1, *cts)
    if wifi is not None:
        data += struct.pack(">4H", 0x0100 | wifi, 0x0C1E, 0x0B15, 0x1A06)
        data += bytes((192, 168, 1, 42)) + bytes.fromhex("a1b2c3d4") + b"pass1234"
    return words_of(data)


def test_the_recorded_exchange_decodes_byte_for_byte() -> None:
    for frame in (REQUEST, ANSWER, NODE_MAY_CHARGE):
        assert crc(frame[:-2]) == frame[-2:]
    box = Sensorbox(settings())
    built = FramerRTU(DecodePDU(is_server=False)).buildFrame(
        ReadInputRegistersRequest(address=box.fast.first, count=box.fast.count, dev_id=box.fixed_address)
    )
    assert built == REQUEST
    _, answer = FramerRTU(DecodePDU(is_server=False)).handleFrame(ANSWER, 0, 0)
    assert isinstance(answer, ReadInputRegistersResponse)
    assert answer.registers == words_of(ANSWER[3:-2])
    told = box.take(box.fast, answer.registers)
    assert told.currents == PhaseCurrents(1, 12, -2)
    assert told.volts == pytest.approx((230.5, 230.3, 233.1), abs=0.001)
    assert (told.power_w, told.import_wh, told.export_wh) == (None, None, None)
    assert box.offers == Offers(sensorbox_cts=True, sensorbox_wifi=False)
    assert (box.write(), box.portal, box.fast) == (None, None, SHORT)


def test_the_recorded_frame_of_power_sharing_decodes() -> None:
    _, request = FramerRTU(DecodePDU(is_server=True)).handleFrame(NODE_MAY_CHARGE, 0, 0)
    assert isinstance(request, WriteMultipleRegistersRequest)
    assert (request.dev_id, request.address, request.registers) == (3, 0x0000, [7, 0])


def test_p1_before_transformers_before_nothing() -> None:
    for source, expected in (
        (0x80, Values(PhaseCurrents(10, 20, 30))),
        (0x83, Values(PhaseCurrents(10, 20, 30))),
        (0x03, Values(PhaseCurrents(40, -50, 60))),
        (0x00, Values()),
    ):
        assert Sensorbox(settings()).take(SHORT, registers(source=source)) == expected


def test_transformers_of_less_than_1_ma_show_nothing_and_big_ones_count_double() -> None:
    small, big = settings(current_main=100), settings(current_main=101)
    cts = (0.000_9, -8.0, 12.34)
    assert Sensorbox(small).take(SHORT, registers(cts=cts)).currents == PhaseCurrents(0, -80, 123)
    assert Sensorbox(big).take(SHORT, registers(cts=cts)).currents == PhaseCurrents(0, -160, 247)
    assert Sensorbox(big).take(SHORT, registers(source=0x80)).currents == PhaseCurrents(10, 20, 30)


def test_no_new_data_is_neither_an_error_nor_a_measurement() -> None:
    box = Sensorbox(settings())
    assert box.take(SHORT, registers(source=0, p1=(float("nan"),) * 3)) == Values()


def test_only_a_sensorbox_2_is_believed() -> None:
    for low in range(256):
        box = Sensorbox(settings())
        if 0x14 <= low <= 0x17:
            assert box.take(SHORT, registers(version=low)).currents is not None
            continue
        with pytest.raises(ImplausibleError, match=f"register 0x0000 is 0x00{low:02x}; a Sensorbox 2 has"):
            box.take(SHORT, registers(version=low))


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"cts": (1.0, float("nan"), 1.0)}, "current of L2 in register 0x0010 is nan A"),
        ({"source": 0x80, "p1": (0.0, 0.0, 5_000.0)}, "current of L3 in register 0x000c is 5000 A"),
        ({"source": 0x80, "volts": (230.0, -3.0, 230.0)}, "voltage of L2 in register 0x0004 is -3 V"),
    ],
)
def test_what_it_cannot_measure_is_refused(changed: dict[str, tuple[float, ...]], text: str) -> None:
    with pytest.raises(ImplausibleError, match=text):
        Sensorbox(settings()).take(SHORT, registers(**changed))  # type: ignore[arg-type]


# ---- what it is told ----


def told(box: Sensorbox, version: int, wifi: int | None = None, source: int = 0x03) -> tuple[int, int, int] | None:
    """What the box is told after it has answered once."""
    box.take(box.fast, registers(version=version, source=source, wifi=wifi if box.fast == LONG else None))
    return box.write()


@pytest.mark.parametrize(
    ("grid", "version", "write"),
    [
        ("4Wire", 0x14, None),
        ("4Wire", 0x15, None),
        ("4Wire", 0x16, (6, 0x0800, 0b00)),
        ("4Wire", 0x17, (6, 0x0800, 0b01)),
        ("3Wire", 0x14, (6, 0x0800, 0b10)),
        ("3Wire", 0x15, (6, 0x0800, 0b11)),
        ("3Wire", 0x16, None),
        ("3Wire", 0x17, None),
    ],
)
def test_the_wiring_is_written_while_it_differs_and_the_rotation_kept(
    grid: str, version: int, write: tuple[int, int, int] | None
) -> None:
    assert told(Sensorbox(settings(grid=grid)), version) == write


def test_the_wiring_matters_to_transformers_only() -> None:
    box = Sensorbox(settings(grid="3Wire"))
    assert box.write() is None
    assert told(box, 0x14, source=0x80) is None
    assert told(box, 0x14, source=0x83) == (6, 0x0800, 0b10)


def test_a_box_of_version_1_is_read_whole_from_then_on() -> None:
    box = Sensorbox(settings(sb2_wifi="Enabled"))
    assert box.fast == SHORT
    assert told(box, 0x0114) is None, "its WiFi is not known yet"
    assert (box.fast, box.offers.sensorbox_wifi, box.portal) == (LONG, True, None)
    assert told(box, 0x0114, wifi=0) == (6, 0x0801, 1)
    assert box.portal == Portal(0, "192.168.1.42", "a1:b2:c3:d4", "pass1234")
    assert "pass1234" not in repr(box.portal)
    assert told(box, 0x0114, wifi=1) is None


def test_the_set_up_portal_is_opened_once() -> None:
    box = Sensorbox(settings(sb2_wifi="Setup"))
    told(box, 0x0114)
    assert told(box, 0x0114, wifi=1) == (6, 0x0801, 2)
    assert told(box, 0x0114, wifi=2) is None
    assert told(box, 0x0114, wifi=1) is None, "somebody has used the portal; it has closed by itself"


def test_an_exchanged_box_without_wifi_is_read_short_again() -> None:
    box = Sensorbox(settings())
    told(box, 0x0114)
    box.take(LONG, registers(version=0x0014, wifi=0))
    assert (box.fast, box.portal, box.write()) == (SHORT, None, None)
    assert box.offers == Offers(sensorbox_cts=True)


@given(st.lists(st.integers(0, 0xFFFF), min_size=32, max_size=32), st.sampled_from([0x14, 0x0117, 0xFFFF]))
def test_any_registers_are_taken_or_refused(words: list[int], version: int) -> None:
    box = Sensorbox(settings(grid="3Wire", sb2_wifi="Setup"))
    for read in (SHORT, LONG):
        try:
            box.take(read, [version, *words[1 : read.count]])
        except ImplausibleError:
            continue
        assert box.fast in {SHORT, LONG}
        write = box.write()
        assert write is None or write[:2] in {(6, 0x0800), (6, 0x0801)}


def test_an_answer_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ImplausibleError, match="19 registers came instead of 20"):
        Sensorbox(settings()).take(SHORT, registers()[:19])
