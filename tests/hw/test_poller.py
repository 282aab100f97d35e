"""The meters as a client of the bus: what is due, what is told, how it answers. No line, no thread, no clock."""

import struct
from collections.abc import Callable

import pytest

from evsed.core.events import Event, MeterHealthChanged, MeterRead, SensorboxOffers
from evsed.core.model import MeterHealth, MeterRole, PhaseCurrents
from evsed.core.setting import NOTHING_OFFERED, Offers
from evsed.core.settings import Settings
from evsed.hw.frames import Request, framed
from evsed.hw.poller import MAINS_PAUSE_S, SLOW_S, OverheardEvMeter, Poller
from evsed.hw.rs485 import BusError, UnreachableError
from evsed.hw.turns import Job, Urgency
from tests.core.story import settings
from tests.hw.wires import registers

EASTRON, SENSORBOX = 4, 1


class Bench:
    """A poller on a line that a test plays."""

    def __init__(self, *, shared: bool = True, **given: object) -> None:
        self.settings: Settings = settings(**given)
        self.told: list[Event] = []
        self.now = 100.0
        self.poller = Poller("bus 1 (/dev/x)", list(MeterRole), lambda: self.settings, self.told.append, shared=shared)

    def due(self) -> list[Job]:
        return list(self.poller.jobs(self.now))

    def job(self, address: int, first: int = 0x0006) -> Job:
        return next(job for job in self.due() if (job.request.address, job.request.first) == (address, first))

    def addresses(self) -> set[int]:
        return {job.request.address for job in self.due()}

    def answer(self, job: Job, words: list[int]) -> None:
        self.poller.answered(job, words, self.now)

    def fail(self, job: Job, error: BusError | None = None) -> None:
        self.poller.failed(job, error or BusError("no answer"), self.now)

    def health(self, role: MeterRole) -> MeterHealth:
        return [one.health for one in self.told if isinstance(one, MeterHealthChanged) and one.role is role][-1]

    def offers(self) -> list[Offers]:
        return [one.offers for one in self.told if isinstance(one, SensorboxOffers)]

    def reads(self) -> list[MeterRead]:
        return [one for one in self.told if isinstance(one, MeterRead)]


def words_of_float(value: float) -> tuple[int, int]:
    """Two registers, high word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def currents(l1: float, l2: float, l3: float) -> list[int]:
    return [word for value in (l1, l2, l3, 230.0, 230.0, 230.0) for word in words_of_float(value)]


def test_currents_always_the_rest_now_and_then() -> None:
    bench = Bench()
    assert [(job.request.address, job.request.first, job.urgency) for job in bench.due()] == [
        (11, 0x0006, Urgency.FAST),
        (11, 0x0034, Urgency.SLOW),
        (12, 0x0006, Urgency.FAST),
        (12, 0x0034, Urgency.SLOW),
    ]
    for job in (bench.job(11, 0x0034), bench.job(12, 0x0034)):
        bench.answer(job, [*words_of_float(1_150.0)])
    for job in (bench.job(11, 0x0048), bench.job(12, 0x0048)):
        bench.answer(job, [*words_of_float(3.0), *words_of_float(0.5)])
    assert [job.urgency for job in bench.due()] == [Urgency.FAST, Urgency.FAST]
    bench.now += SLOW_S
    assert bench.job(11, 0x0034) in bench.due()
    assert bench.reads()[0] == MeterRead(MeterRole.MAINS, power_w=1_150, source=(EASTRON, 11))
    assert bench.reads()[3] == MeterRead(MeterRole.EV, import_wh=3_000, export_wh=500, source=(EASTRON, 12))


def test_what_is_told_names_type_and_address_of_the_meter() -> None:
    bench = Bench()
    bench.answer(bench.job(11), currents(10.0, 6.5, 0.0))
    assert bench.reads() == [MeterRead(MeterRole.MAINS, PhaseCurrents(100, 65, 0), source=(EASTRON, 11))]
    assert bench.health(MeterRole.MAINS) == MeterHealth(
        "Eastron3P on bus 1 (/dev/x), address 11", True, 1, 0, "", answered_at=100_000
    )


@pytest.mark.parametrize("kind", ["API", "Disabled", "Homewizrd"])
def test_a_role_without_a_meter_on_the_bus_is_never_asked(kind: str) -> None:
    """Owners' bug 8 (D35#292): an unused mains address stole the EV meter's answers."""
    bench = Bench(mains_meter=kind, mains_meter_address=12)
    assert [job.owner.meter.role for job in bench.due()] == [MeterRole.EV, MeterRole.EV]
    bench.answer(bench.job(12), currents(6.0, 6.0, 6.0))
    assert {one.role for one in bench.reads()} == {MeterRole.EV}


def test_each_meter_keeps_its_own_health() -> None:
    bench = Bench(circuit_meter="Eastron3P", circuit_meter_address=13)
    assert bench.addresses() == {11, 12, 13}
    bench.fail(bench.job(13))
    bench.fail(bench.job(13))
    bench.answer(bench.job(12), currents(6.0, 6.0, 6.0))
    assert not bench.health(MeterRole.CIRCUIT).answering
    assert bench.health(MeterRole.EV).answering
    assert bench.addresses() == {11, 12}


@pytest.mark.parametrize(
    "changed",
    [{"mains_meter": "Disabled"}, {"mains_meter": "API"}, {"mains_meter_address": 20}, {"mains_meter": "ABB"}],
)
def test_an_answer_on_its_way_when_the_meter_was_changed_is_dropped(changed: dict[str, object]) -> None:
    bench = Bench()
    asked = bench.job(11)
    bench.settings = settings(**changed)
    bench.answer(asked, currents(10.0, 0.0, 0.0))
    bench.fail(asked)
    assert bench.told == []


def test_a_new_address_counts_at_once_and_from_nothing() -> None:
    bench = Bench()
    for _ in range(3):
        bench.fail(bench.job(11))
        bench.now += MAINS_PAUSE_S
    bench.settings = settings(mains_meter_address=20)
    assert 20 in bench.addresses()
    bench.answer(bench.job(20), currents(1.0, 0.0, 0.0))
    assert (bench.health(MeterRole.MAINS).answers, bench.health(MeterRole.MAINS).errors) == (1, 0)


def test_other_settings_leave_the_dialog_as_it_is() -> None:
    bench = Bench()
    asked = bench.job(11)
    bench.settings = settings(current_max=20)
    bench.answer(asked, currents(1.0, 0.0, 0.0))
    assert len(bench.reads()) == 1


def test_new_registers_of_a_custom_meter_count_at_once() -> None:
    bench = Bench(mains_meter="Custom", current_register=0x0100, function="4:Input Regs")
    asked = bench.job(11, 0x0100)
    bench.settings = bench.settings.replace("current_register", 0x0200)
    bench.answer(asked, [0] * asked.request.count)
    assert bench.told == []
    assert bench.job(11, 0x0200) in bench.due()


# ---- meters that do not answer ----


def pauses(bench: Bench, address: int, failures: int) -> list[float]:
    """How long the meter is left alone after each failure."""
    found = []
    for _ in range(failures):
        bench.fail(bench.job(address))
        begun = bench.now
        while address not in bench.addresses():
            bench.now += 0.125
        found.append(bench.now - begun)
    return found


def test_a_silent_meter_is_asked_less_and_less_often_until_it_answers() -> None:
    bench = Bench()
    assert pauses(bench, 12, 6) == [0.0, 0.5, 1.0, 2.0, 5.0, 5.0]
    bench.answer(bench.job(12), currents(6.0, 6.0, 6.0))
    assert pauses(bench, 12, 2) == [0.0, 0.5]


def test_a_silent_mains_meter_is_found_again_within_a_second() -> None:
    assert pauses(Bench(), 11, 6) == [0.0, 0.5, 1.0, 1.0, 1.0, 1.0]


def test_a_port_that_is_gone_says_nothing_against_the_meter_s_pace() -> None:
    bench = Bench()
    for _ in range(5):
        bench.fail(bench.job(12), UnreachableError("/dev/x failed"))
    assert not bench.health(MeterRole.EV).answering
    assert bench.health(MeterRole.EV).last_error == "/dev/x failed"
    assert bench.job(12) in bench.due()


def test_what_went_wrong_is_told_with_bus_address_and_register() -> None:
    bench = Bench()
    bench.fail(bench.job(11))
    assert bench.told == []  # once is nothing
    bench.fail(bench.job(11))
    told = bench.health(MeterRole.MAINS)
    assert told.where == "Eastron3P on bus 1 (/dev/x), address 11"
    assert (told.last_error, told.errors, told.answered_at) == ("no answer to a read of register 0x0006", 2, None)
    bench.now += 1
    bench.answer(bench.job(11), currents(1.0, 0.0, 0.0))
    assert bench.health(MeterRole.MAINS).answering
    assert bench.health(MeterRole.MAINS).last_error == "no answer to a read of register 0x0006"


def test_a_slow_value_that_is_refused_does_not_make_the_meter_a_silent_one() -> None:
    bench = Bench()
    bench.answer(bench.job(11), currents(1.0, 0.0, 0.0))
    bench.fail(bench.job(11, 0x0034), BusError("refused with exception 2"))
    assert bench.health(MeterRole.MAINS).answering
    assert bench.job(11, 0x0048) in bench.due()
    bench.now += SLOW_S + 0.1
    bench.answer(bench.job(11), currents(1.0, 0.0, 0.0))
    assert bench.health(MeterRole.MAINS).last_error == "refused with exception 2 to a read of register 0x0034"


def test_values_that_cannot_be_are_reported_and_not_used() -> None:
    bench = Bench()
    bench.answer(bench.job(11), [0x7FC0, 0] * 6)
    assert bench.reads() == []
    assert not bench.health(MeterRole.MAINS).answering
    assert "nan" in bench.health(MeterRole.MAINS).last_error
    assert bench.job(11) in bench.due()  # it answers, so it is asked on
    bench.answer(bench.job(11, 0x0034), [0x7FC0, 0])
    assert bench.reads() == []


def test_health_is_told_every_few_seconds_while_nothing_changes() -> None:
    bench = Bench()
    for _ in range(3):
        bench.answer(bench.job(11), currents(1.0, 0.0, 0.0))
    assert len([one for one in bench.told if isinstance(one, MeterHealthChanged)]) == 1
    bench.fail(bench.job(11))
    bench.fail(bench.job(11, 0x0034))
    bench.now += 6
    bench.fail(bench.job(11))
    assert (bench.health(MeterRole.MAINS).errors, bench.health(MeterRole.MAINS).answers) == (3, 3)


# ---- the Sensorbox ----


def box(version: int, source: int) -> list[int]:
    """Twenty registers with 230 V and 1 A everywhere."""
    return [version, source, *(words_of_float(230.0) * 3), *(words_of_float(1.0) * 6)]


def test_the_sensorbox_is_always_at_address_10_and_is_told_the_grid_once_in_a_while() -> None:
    bench = Bench(mains_meter="Sensorbox", grid="3Wire", mains_meter_address=13)
    bench.answer(bench.job(10, 0), box(0x14, 0x03))
    assert bench.reads()[-1].source == (SENSORBOX, 13)
    order = bench.job(10, 0x0800)
    assert (order.request.function, order.request.values, order.urgency) == (6, (2,), Urgency.SLOW)
    bench.answer(order, [])
    assert {job.request.first for job in bench.due() if job.request.address == 10} == {0}
    bench.now += SLOW_S
    bench.fail(bench.job(10, 0x0800))
    assert bench.health(MeterRole.MAINS).answering
    assert {job.request.first for job in bench.due() if job.request.address == 10} == {0}
    bench.now += SLOW_S
    assert bench.job(10, 0x0800) in bench.due()


def test_a_sensorbox_without_new_data_answers_and_measures_nothing() -> None:
    bench = Bench(mains_meter="Sensorbox")
    bench.answer(bench.job(10, 0), box(0x14, 0x00))
    assert bench.reads() == []
    assert bench.health(MeterRole.MAINS).answering


def test_what_the_sensorbox_has_is_told_once_and_stays_true_while_it_has_no_new_data() -> None:
    """The menu shows GRID and SB2 WIFI only then."""
    bench = Bench(mains_meter="Sensorbox")
    assert bench.due()
    assert bench.offers() == []
    for source in (0x03, 0x00, 0x03):
        bench.answer(bench.job(10, 0), box(0x14, source))
    assert bench.offers() == [Offers(sensorbox_cts=True)]
    bench.answer(bench.job(10, 0), box(0x14, 0x80))
    bench.answer(bench.job(10, 0), box(0x114, 0x80))
    assert bench.offers()[1:] == [Offers(), Offers(sensorbox_wifi=True)]


@pytest.mark.parametrize("change", [{"mains_meter": "Eastron3P"}, {"mains_meter": "Disabled"}, {"loadbl": "Node 1"}])
def test_another_meter_offers_nothing_of_what_the_sensorbox_did(change: dict[str, str]) -> None:
    bench = Bench(mains_meter="Sensorbox")
    bench.answer(bench.job(10, 0), box(0x14, 0x03))
    bench.settings = settings(mains_meter="Sensorbox", grid="3Wire")
    assert bench.due()
    assert bench.offers() == [Offers(sensorbox_cts=True)]
    bench.settings = settings(**{"mains_meter": "Sensorbox"} | change)
    list(bench.poller.jobs(bench.now))
    assert bench.offers() == [Offers(sensorbox_cts=True), NOTHING_OFFERED]


# ---- a node ----


def test_a_node_asks_nothing_on_the_line_that_chargers_share() -> None:
    bench = Bench()
    assert bench.due()
    bench.settings = settings(loadbl="Node 2")
    assert bench.due() == []


def test_a_node_asks_its_ev_meter_on_a_line_of_its_own() -> None:
    assert Bench(shared=False, loadbl="Node 2").addresses() == {12}


def heard_by(given: Settings) -> tuple[list[Event], Callable[..., None]]:
    told: list[Event] = []
    meter = OverheardEvMeter(lambda: given, told.append)

    def exchange(request: Request, words: list[int], address: int | None = None) -> None:
        answer = registers(request.frame, lambda register: words[register - request.first])
        meter.overheard(address or request.address, request.pdu, answer[1:-2])

    return told, exchange


def test_a_node_overhears_its_own_ev_meter() -> None:
    told, exchange = heard_by(settings(loadbl="Node 2"))
    exchange(Request(12, 4, 0x0006, 12), currents(6.0, 7.0, 8.0))
    exchange(Request(12, 4, 0x0048, 2), [*words_of_float(3.0)])  # as the existing firmware asks
    assert told == [
        MeterRead(MeterRole.EV, PhaseCurrents(60, 70, 80), source=(EASTRON, 12)),
        MeterRead(MeterRole.EV, import_wh=3_000, source=(EASTRON, 12)),
    ]


def test_nothing_else_that_is_overheard_is_the_ev_meter_s() -> None:
    told, exchange = heard_by(settings(loadbl="Node 2"))
    exchange(Request(11, 4, 0x0006, 12), currents(6.0, 7.0, 8.0))  # the mains meter
    exchange(Request(12, 4, 0x0006, 12), [0x7FC0, 0] * 6)
    exchange(Request(12, 4, 0x0100, 2), [0, 0])
    unmetered, exchange = heard_by(settings(loadbl="Node 2", ev_meter="API"))
    exchange(Request(12, 4, 0x0006, 12), currents(6.0, 7.0, 8.0))
    meter = OverheardEvMeter(lambda: settings(loadbl="Node 2"), told.append)
    write = Request(12, 6, 0, values=(1,)).pdu
    meter.overheard(12, write, write)
    meter.overheard(12, Request(12, 4, 0x0006, 12).pdu, framed(12, b"\x84\x02")[1:-2])
    assert told == unmetered == []
