"""GET /metrics: what parsers and linters make of it, and that nothing unknown or unbounded is in it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test

from evsed.api.metrics.charger import CAPS, REASONS
from evsed.api.metrics.daemon import LATENESS
from evsed.api.metrics.exposition import FAMILIES, Exposition
from evsed.api.metrics.family import OTHER, Kind, Scrape
from evsed.core.faults import Fault
from evsed.core.model import MeterRole
from evsed.core.reasons import Reason
from evsed.core.snapshot import Saved
from evsed.runtime import Lease
from tests.api.metrics.lint import problems
from tests.api.metrics.scrapes import OPEN, charging, parsed, parsed_open, series, text, value, whole
from tests.api.served import Charger, Served
from tests.core.machine_sharing import SharingMachine
from tests.core.story import settings
from tests.scenarios.simulation import Answer, http, wait_for

SNAPSHOT = charging()
BY_NAME = {family.name: family for family in FAMILIES}


# ---- form ----


def test_the_text_has_nothing_that_promtool_complains_about() -> None:
    assert problems(text(whole(SNAPSHOT))) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("# TYPE a_total counter\na_total 1\n", "a_total: no help"),
        ("# HELP a x\n# TYPE a counter\na 1\n", "a: a counter ends in _total"),
        ("# HELP a_total x\n# TYPE a_total gauge\na_total 1\n", "a_total: only a counter ends in _total"),
        ("# HELP a:b x\n# TYPE a:b gauge\na:b 1\n", "a:b: a colon is for recording rules"),
        ("# HELP a_watt_hours x\n# TYPE a_watt_hours gauge\na_watt_hours 1\n", "a_watt_hours: a unit that is no base"),
        ("# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1\n", "a_ms: an abbreviated unit"),
        ("# HELP volts_a x\n# TYPE volts_a gauge\nvolts_a 1\n", "volts_a: an abbreviated"),
        ("# HELP volts_of x\n# TYPE volts_of gauge\nvolts_of 1\n", "volts_of: the unit is not at the end"),
        ("# HELP x_gauge x\n# TYPE x_gauge gauge\nx_gauge 1\n", "x_gauge: names its type"),
        ("# HELP x x\n# TYPE x gauge\nx 1\nx 2\n", "x: twice"),
        ('# HELP x x\n# TYPE x gauge\nx{le="1"} 1\n', 'x{le="1"}: the label le is a histogram\'s'),
        ("x 1\n", "x: no type"),
    ],
)
def test_the_lint_finds_what_is_wrong(wrong: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(wrong)), problems(wrong)


def test_both_parsers_read_the_same_from_both_forms() -> None:
    scrape = whole(SNAPSHOT)
    plain, opened = parsed(text(scrape)), parsed_open(text(scrape, OPEN))
    ours = {name: found for name, found in plain.items() if name.startswith("evsed_")}
    for name, found in ours.items():
        other = opened[name.removesuffix("_info")]
        assert found.documentation == other.documentation
        assert {(s.name, tuple(s.labels.items()), s.value) for s in found.samples} == {
            (s.name, tuple(s.labels.items()), s.value) for s in other.samples
        }
    assert len(ours) == len(FAMILIES), "this scrape has a value for every row"


def test_every_row_says_what_it_is() -> None:
    assert len(BY_NAME) == len(FAMILIES)
    for family in FAMILIES:
        assert family.name.startswith("evsed_")
        assert family.help.endswith(".")


def test_lateness_is_a_histogram() -> None:
    found = parsed(text(whole(SNAPSHOT)))[LATENESS.name]
    counts = {sample.labels["le"]: sample.value for sample in found.samples if "le" in sample.labels}
    assert (found.type, counts["0.0"], counts["0.001"], counts["0.01"], counts["1.0"]) == ("histogram", 2, 3, 4, 4)
    assert counts["+Inf"] == 5
    assert {s.name: s.value for s in found.samples if not s.labels} == {
        f"{LATENESS.name}_count": 5,
        f"{LATENESS.name}_sum": pytest.approx(5.008),
    }


# ---- values ----


def test_values_are_in_base_units() -> None:
    scrape = whole(SNAPSHOT)
    assert value(scrape, "evsed_state", state="C") == 1
    assert value(scrape, "evsed_offer_amperes") == SNAPSHOT.offer / 10
    assert value(scrape, "evsed_pilot_duty_ratio") == SNAPSHOT.outputs.pilot.duty / 10_000
    assert value(scrape, "evsed_meter_import_joules_total", meter="ev") == 3_600_000
    assert value(scrape, "evsed_meter_power_watts", meter="ev") == 8_970
    assert value(scrape, "evsed_home_battery_current_amperes") == -2.5
    assert value(scrape, "evsed_meter_errors_total", meter="mains") == 2
    assert value(scrape, "evsed_lease_acknowledged_age_seconds") == 0.004
    assert value(scrape, "evsed_alerts_lost_total", way="webhook") == 1


def test_one_of_a_set_is_1() -> None:
    stopped = replace(SNAPSHOT, reason=Reason("rcm", "text"), faults=(Fault.METER_LOST, Fault.RCM))
    found = list(series(Scrape(stopped)))
    there = {tuple(labels.values()) for name, labels, one in found if name == "evsed_fault" and one}
    assert there == {("meter_lost",), ("rcm",)}
    assert [labels for name, labels, one in found if name == "evsed_not_charging_reason" and one] == [{"reason": "rcm"}]


def test_what_is_not_known_is_absent_and_not_0() -> None:
    unknown = replace(
        SNAPSHOT, described=False, pilot_high_mv=None, pilot_low_mv=None, temperature_c=None, locked=None, mains=None,
        charged_wh=None, battery_at=None, cable=0, lent=None, override=0, chargers=(), solar_stop_s=0,
        settings=settings(mains_meter="Disabled", ev_meter="Disabled"),
        meters={role: replace(view, fresh=False, heard=False) for role, view in SNAPSHOT.meters.items()},
    )  # fmt: skip
    names = {name for name, _, _ in series(Scrape(unknown))}
    for prefix in ("evsed_car_connected", "evsed_contactor_closed", "evsed_pilot_", "evsed_temperature", "evsed_meter_",
                   "evsed_mains_current", "evsed_session", "evsed_home", "evsed_charger_", "evsed_cable", "evsed_mqtt",
                   "evsed_lease", "evsed_device", "evsed_alerts"):  # fmt: skip
        assert not [name for name in names if name.startswith(prefix)], prefix
    limits = {labels["limit"] for name, labels, _ in series(Scrape(unknown)) if name == "evsed_limit_amperes"}
    assert limits == {"min", "max"}


def test_a_meter_that_was_heard_long_ago_keeps_its_energy_and_its_age() -> None:
    old = {role: replace(view, fresh=False, heard=False) for role, view in SNAPSHOT.meters.items()}
    scrape = Scrape(replace(SNAPSHOT, meters=old, now=SNAPSHOT.now + 60_000))
    assert value(scrape, "evsed_meter_import_joules_total", meter="ev") == 3_600_000
    assert (value(scrape, "evsed_meter_age_seconds", meter="mains") or 0) > 60
    assert value(scrape, "evsed_meter_fresh", meter="mains") == 0
    assert value(scrape, "evsed_meter_power_watts", meter="ev") is None
    assert value(scrape, "evsed_meter_current_amperes", meter="mains", phase="L1") is None


# ---- bounds ----


def _outside(scrape: Scrape) -> list[object]:
    """Samples with a label's value that the table does not name."""
    found: list[object] = []
    for name, labels, _ in series(scrape):
        family = next((one for one in FAMILIES if name in {one.name, f"{one.name}_info"}), LATENESS)
        takes = {"le": None} if family is LATENESS else family.labels
        found += [
            (name, labels) for key, given in labels.items() if (known := takes[key]) is not None and given not in known
        ]
    return found


def test_labels_take_few_values() -> None:
    for family in FAMILIES:
        for label, takes in family.labels.items():
            assert (takes is None) == (family.kind is Kind.INFO)
            assert takes is None or len(set(takes)) == len(takes) <= 50, (family.name, label)
    assert len(list(series(whole(SNAPSHOT)))) < 300


class _Scraped(SharingMachine):
    """Anything that can happen to a charger, looked at after every rule."""

    scrapes: ClassVar[int] = 0
    others: ClassVar[set[str]] = set()

    def go_on(self, count: int, gap_ms: int = 10, pilot_mv: tuple[int, ...] | None = None) -> None:
        super().go_on(count, gap_ms, pilot_mv)
        scrape = Scrape(self.bench.core.snapshot(self.bench.now))
        assert _outside(scrape) == []
        for name in ("evsed_not_charging_reason", "evsed_offer_limited_by"):
            label = next(iter(BY_NAME[name].labels))
            if value(scrape, name, **{label: OTHER}):
                self.others.add(f"{scrape.charger.reason} {scrape.charger.limited_by}")
        type(self).scrapes += 1


def test_whatever_happens_labels_take_only_values_that_the_table_names() -> None:
    options = hypothesis_settings(
        max_examples=4, stateful_step_count=40, derandomize=True, database=None, deadline=None,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(_Scraped, settings=options)
    assert _Scraped.scrapes > 100
    assert _Scraped.others == set(), "reasons and caps that charger.py does not know"


def test_texts_of_outsiders_are_in_no_label() -> None:
    said = 'DEADBEEF"\n{x="1"} 1'
    hostile = replace(
        SNAPSHOT, rfid_last=said, rfid_text=said, hosts=(said,), limited_by=said, reason=Reason(said, said),
        settings=SNAPSHOT.settings.replace("mains_meter_host", "meter.lan"),
    )  # fmt: skip
    scrape = whole(hostile)
    assert "DEADBEEF" not in text(scrape)
    assert "meter.lan" not in text(scrape)
    assert "ttyAMA0" not in text(scrape)
    assert value(scrape, "evsed_not_charging_reason", reason=OTHER) == 1
    assert value(scrape, "evsed_offer_limited_by", limit=OTHER) == 1
    assert _outside(scrape) == []
    assert (REASONS[-1], CAPS[-1]) == (OTHER, OTHER)


# ---- over HTTP ----


@pytest.fixture(scope="module")
def charger() -> Iterator[Charger]:
    with Charger(Saved(settings=settings())) as charger:
        yield charger


@pytest.fixture(scope="module")
def served(charger: Charger) -> Iterator[Served]:
    with Served(charger.app, charger.refusals) as served:
        yield served


def ask(served: Served, **headers: str) -> Answer:
    return http("GET", f"http://127.0.0.1:{served.port}/metrics", None, **headers)


def test_prometheus_gets_the_form_that_it_asks_for(served: Served) -> None:
    plain, opened = ask(served), ask(served, Accept=OPEN)
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert opened.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert problems(plain.body.decode()) == []
    assert "evsed_build" in parsed_open(opened.body.decode())
    assert opened.body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=x; escaping=\\", "text/plain; version=9.x,,;", "*"]
)
def test_an_odd_wish_is_answered(served: Served, accept: str) -> None:
    answer = ask(served, Accept=accept)
    assert answer.status == 200
    assert "evsed_state" in (parsed_open if b"# EOF" in answer.body else parsed)(answer.body.decode())


def test_the_process_and_the_loop_are_in_it(served: Served, charger: Charger) -> None:
    def cycles() -> float:
        found = parsed(ask(served).body.decode())[LATENESS.name].samples
        return next(sample.value for sample in found if sample.name.endswith("_count"))

    wait_for(lambda: cycles() > 10, "cycles are counted")
    families = parsed(ask(served).body.decode())
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6
    assert families["process_cpu_seconds"].samples[0].value > 0
    assert families["evsed_lease_age_seconds"].samples[0].value < 60
    assert "evsed_lease_acknowledged_age_seconds" not in families, "this board has nobody who would"
    assert "python_info" not in families, "nothing of the process-wide registry"
    assert charger.runtime.lateness.read().total_ms >= 0


def test_a_text_is_made_once_for_a_snapshot() -> None:
    made: list[Scrape] = []

    def look() -> Scrape:
        made.append(Scrape(SNAPSHOT, lease=Lease(len(made), 0, None, None)))
        return made[-1]

    exposition = Exposition(look)
    first = exposition.text("", SNAPSHOT)
    assert exposition.text("", SNAPSHOT) is not first
    assert exposition.text("", SNAPSHOT) == first
    assert exposition.text(OPEN, SNAPSHOT) != first
    assert len(made) == 2
    exposition.text("", replace(SNAPSHOT))
    assert len(made) == 3


def test_a_meter_without_health_has_no_counters() -> None:
    meters = {role: replace(view, health=None) for role, view in SNAPSHOT.meters.items()}
    scrape = Scrape(replace(SNAPSHOT, meters=meters))
    assert value(scrape, "evsed_meter_answers_total", meter=MeterRole.MAINS.value) is None
    assert value(scrape, "evsed_meter_fresh", meter=MeterRole.MAINS.value) == 1


def test_what_hangs_is_not_said_as_true(charger: Charger, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(charger.runtime), "hangs", property(lambda _: True))
    assert ask(served).status == 503
