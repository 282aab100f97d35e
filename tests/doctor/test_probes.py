"""What a scan makes of the answers on a line; the devices are tables of registers."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from evsed.core.model import MeterRole, MeterType
from evsed.core.settings import Settings
from evsed.doctor import probes, report
from evsed.hw.meters import Read, meter_for
from evsed.hw.registers import read
from evsed.hw.rs485 import BusError, Request
from tests.core.story import settings
from tests.hw.test_registers import NODE, charger

Words = Mapping[int, int]


@dataclass
class Station:
    """A device: its registers, and whether it refuses or ignores what it has not."""

    words: Words
    functions: tuple[int, ...] = (3, 4)
    refuses: bool = True

    def answer(self, request: Request) -> Sequence[int]:
        registers = range(request.first, request.first + request.count)
        if request.function in self.functions and all(register in self.words for register in registers):
            return [self.words[register] for register in registers]
        raise BusError("refused with exception 2" if self.refuses else "no answer")


@dataclass
class Wire:
    """A line with stations on it."""

    stations: dict[int, Station] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    garbled: frozenset[int] = frozenset()

    def ask(self, request: Request) -> Sequence[int]:
        self.asked.append(request)
        if request.address in self.garbled:
            raise BusError("garbled answer 0b 04")
        if request.address not in self.stations:
            raise BusError("no answer")
        return self.stations[request.address].answer(request)


def floats(values: Mapping[int, float]) -> Words:
    words = {}
    for register, value in values.items():
        words[register], words[register + 1] = struct.unpack(">HH", struct.pack(">f", value))
    return words


def low_word_first(values: Mapping[int, int]) -> Words:
    words = {}
    for register, value in values.items():
        words[register + 1], words[register] = struct.unpack(">HH", struct.pack(">i", value))
    return words


def eastron(volts: Sequence[float] = (230.1, 229.0, 231.5)) -> Words:
    values = dict.fromkeys(range(0, 0x0100, 2), 0.0)
    values |= {2 * phase: volt for phase, volt in enumerate(volts)}
    values |= {6: 10.0, 8: 6.5, 10: 0.0, 0x0C: 2_300.0, 0x0E: -1_495.0, 0x34: 805.0, 0x48: 1.5, 0x4A: 0.25}
    return floats(values)


def ours(loadbl: str) -> Words:
    snapshot = charger(loadbl=loadbl, current_max=16)
    blocks = ((0, 12), (0x0100, 10), (0x0200, 22))
    return {
        first + place: word
        for first, count in blocks
        for place, word in enumerate(read(snapshot, 1, config_changed=False, first=first, count=count))
    }


def name_at(address: int, station: Station, configured: Settings | None = None) -> tuple[str, str]:
    found = probes.identify(Wire({address: station}), address, configured or Settings())
    return found.name, found.detail


# ---- who is there ----


def test_whatever_answers_is_there_also_with_a_refusal_or_garbage() -> None:
    only3 = Station({5: 1}, functions=(3,))
    wire = Wire({11: Station(eastron()), 20: only3}, garbled=frozenset({30}))
    tried: list[int] = []
    assert probes.present(wire, range(1, 41), tried.append) == [11, 20, 30]
    assert tried[:8] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert 9 not in {request.address for request in wire.asked}, "the broadcast address has nobody to answer"


def test_a_meter_that_ignores_what_it_does_not_know_is_found_with_the_other_function() -> None:
    wire = Wire({77: Station({0: 0, 1: 0}, functions=(3,), refuses=False)})
    assert probes.present(wire, range(70, 80), lambda _address: None) == [77]


# ---- what it is ----


@pytest.mark.parametrize(
    ("loadbl", "name"), [("Disabled", "charger"), ("Master", "charger (master)"), ("Node 3", "charger (node 3)")]
)
def test_a_charger_says_what_it_does(loadbl: str, name: str) -> None:
    assert name_at(4, Station(ours(loadbl))) == (name, "Ready to Charge, offers 0.0 A, error bits 0x00")


def test_the_states_of_other_firmware_have_a_number_at_least() -> None:
    words = {**ours("Node 1"), 0: 11, 1: 5, 2: 160}
    assert name_at(2, Station(words))[1] == "state 11, offers 16.0 A, error bits 0x05"


def test_a_sensorbox_says_its_version() -> None:
    words = dict.fromkeys(range(20), 0) | {0: 0x0114, 1: 0x3283}
    assert name_at(10, Station(words, functions=(4,))) == ("Sensorbox", "version 1.0x14")


def test_meters_with_the_same_registers_are_both_named_the_configured_one_first() -> None:
    station = Station(eastron(), functions=(4,))
    assert name_at(11, station) == ("Eastron3P or InvEastrn", "L1 230.1 V, L2 229.0 V, L3 231.5 V")
    inverted = settings(mains_meter="InvEastrn", mains_meter_address=11)
    assert name_at(11, station, inverted)[0] == "InvEastrn or Eastron3P"
    one_phase = Station(eastron(volts=(230.0, 0.0, 0.0)), functions=(4,))
    assert name_at(11, one_phase) == ("Eastron1P or Eastron3P or InvEastrn", "L1 230.0 V")


def test_low_words_first_and_function_3_are_told_apart() -> None:
    gavazzi = dict.fromkeys((0, 2, 4), 2300) | {0x0C: 10_000, 0x0E: -6_500, 0x10: 0}
    name, detail = name_at(14, Station(low_word_first(gavazzi), functions=(4,)))
    assert (name, detail) == ("Phoenix C or C.Gavazzi", "L1 230.0 V, L2 230.0 V, L3 230.0 V")
    schneider = dict.fromkeys(range(0x0BB7, 0x0BF5, 2), 0.0) | {0x0BD3: 230.0, 0x0BD5: 231.0, 0x0BD7: 229.0}
    assert name_at(15, Station(floats(schneider), functions=(3,)))[0] == "Schneider"


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    assert name_at(99, Station({})) == ("unknown device", "last it said: refused with exception 2")
    dead = dict.fromkeys(range(768), 0)
    assert name_at(99, Station(dead))[0] == "unknown device"


# ---- figures ----


def test_answers_and_errors_are_counted() -> None:
    class Flaky(Wire):
        def ask(self, request: Request) -> Sequence[int]:
            super().ask(request)
            if len(self.asked) % 4 == 0:
                raise BusError("garbled answer ff")
            return [0, 0]

    device = probes.measured(Flaky({11: Station(eastron())}), 11, Read(4, 0, 2))
    assert (device.asked, device.answered, device.wrong) == (20, 15, "garbled answer ff")
    assert device.median_ms is not None
    assert device.slowest_ms is not None
    assert device.rate > 0
    lines = report.devices([probes.Found("Eastron3P", "L1 230.0 V", device)])
    assert lines[0].split() == ["address", "device", "answers", "median", "slowest", "rate"]
    assert lines[1].split()[:3] == ["11", "Eastron3P", "15/20"]
    assert lines[2] == "address 11: the last error was: garbled answer ff"


def test_nothing_at_all_is_said_with_what_to_look_at() -> None:
    assert report.devices([])[0].startswith("nothing answers: are A and B swapped")


# ---- the configured meters ----


def examined(wire: Wire, **given: object) -> probes.Configured:
    (role, meter, address), *_ = probes.configured(settings(ev_meter="Disabled", **given))
    return probes.examine(wire, role, meter, address)


def test_every_value_of_a_configured_meter_is_shown() -> None:
    meter = examined(Wire({11: Station(eastron(), functions=(4,))}))
    assert report.configured(meter) == [
        "MAINS MET Eastron3P, address 11:",
        "  L1    230.1 V     10.0 A",
        "  L2    229.0 V     -6.5 A",
        "  L3    231.5 V      0.0 A",
        "  power 805 W, imported 1.500 kWh, exported 0.250 kWh",
    ]


def test_what_is_not_told_is_unknown() -> None:
    words = {register: word for register, word in eastron().items() if register < 0x0034 and register >= 6}
    lines = report.configured(examined(Wire({11: Station(words, functions=(4,))})))
    assert lines[1].split() == ["L1", "unknown", "10.0", "A"]
    assert lines[4] == "  power unknown, imported unknown, exported unknown"
    assert "  refused with exception 2 to a read of register 0x0034 (function 4)" in lines


def test_a_silent_meter_and_an_impossible_value_name_the_register() -> None:
    silent = examined(Wire())
    assert not silent.answered
    lines = report.configured(silent)
    assert lines[0] == "MAINS MET Eastron3P, address 11: DOES NOT ANSWER"
    assert lines[1] == "  no answer to a read of register 0x0006 (function 4)"
    wild = examined(Wire({11: Station({**eastron(), 6: 0x7FC0, 7: 0}, functions=(4,))}))
    assert wild.answered
    assert wild.values.currents is None
    assert "0x0006" in wild.wrong[0]


def test_every_meter_type_on_the_bus_can_be_configured() -> None:
    for kind in MeterType:
        on_bus = meter_for(kind, Settings()) is not None
        roles = [role for role, _, _ in probes.configured(settings(ev_meter="Disabled", mains_meter=int(kind)))]
        assert roles == ([MeterRole.MAINS] if on_bus else [])
    (_, _, address), *_ = probes.configured(settings(ev_meter="Disabled", mains_meter="Sensorbox"))
    assert address == 10, "a Sensorbox is always there"


def test_our_own_node_is_recognised_by_ourselves() -> None:
    assert NODE.settings.loadbl == 2
    assert name_at(2, Station(ours("Node 1")))[0] == "charger (node 1)"
