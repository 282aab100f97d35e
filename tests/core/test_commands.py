"""Commands: what is carried out, what is refused, and that a refusal changes nothing."""

import pytest

from evsed.core.commands import Desk, carry_out
from evsed.core.events import (
    ChangeSetting,
    ChooseMode,
    ClearFaults,
    Command,
    CredentialsSet,
    MeterRead,
    Override,
    PostBattery,
    PostEvMeter,
    PostMains,
)
from evsed.core.metering import Metering
from evsed.core.model import Access, MeterRole, Mode, ModeChoice, PhaseCurrents
from evsed.core.settings import Settings
from tests.core.story import Story, settings

NODE = settings(loadbl="Node 1")
API = settings(mains_meter="API", ev_meter="API")
AMPS = PhaseCurrents(10, 20, -30)


def desk(given: Settings | None = None, access: Access = Access.ALLOW) -> Desk:
    return Desk(given or settings(), access)


def test_each_choice_sets_mode_and_access() -> None:
    for choice in ModeChoice:
        for access in Access:
            at = desk(access=access)
            assert carry_out(ChooseMode(choice), at, Metering(), 0).accepted
            wanted = {ModeChoice.OFF: Access.DENY, ModeChoice.PAUSE: Access.PAUSE}.get(choice, Access.ALLOW)
            assert at.access is wanted
            mode = {ModeChoice.SMART: Mode.SMART, ModeChoice.SOLAR: Mode.SOLAR}.get(choice, Mode.NORMAL)
            assert at.settings.mode == mode


REFUSED: list[tuple[Settings, Command, str]] = [
    (settings(mains_meter="Disabled"), ChooseMode(ModeChoice.SMART), "needs a mains meter"),
    (settings(mains_meter="Disabled"), ChooseMode(ModeChoice.SOLAR), "needs a mains meter"),
    (settings(mains_meter="Disabled"), ChangeSetting("mode", 1), "needs a mains meter"),
    (settings(), Override(59), "60 to 130"),
    (settings(), Override(131), "60 to 130"),
    (settings(), Override(-1), "60 to 130"),
    (settings(mode="Solar"), Override(80), "the sun decides"),
    (NODE, Override(80), "master"),
    (NODE, ChangeSetting("current_min", 8), "master"),
    (NODE, ChangeSetting("current_max_sum_mains", 80), "master"),
    (settings(), ChangeSetting("current_min", 17), "6 to 16"),
    (settings(), ChangeSetting("nonsense", 17), "no setting"),
    (settings(), PostMains(AMPS), "not of type API"),
    (NODE, PostMains(AMPS), "not allowed on slave"),
    (API, PostMains(PhaseCurrents(0, 0, 2_001)), "2000"),
    (settings(), PostBattery(-2_001), "2000"),
    (settings(), PostEvMeter(AMPS, None, None, None), "not of type API"),
    (API, PostEvMeter(PhaseCurrents(-2_001, 0, 0), None, None, None), "2000"),
]


@pytest.mark.parametrize(("given", "command", "why"), REFUSED)
def test_a_refusal_says_why_and_changes_nothing(given: Settings, command: Command, why: str) -> None:
    at, metering = desk(given), Metering()
    verdict = carry_out(command, at, metering, 5)
    assert why in verdict.refused
    assert not verdict.accepted
    assert (at.settings, at.access, at.override) == (given, Access.ALLOW, 0)
    assert all(metering.values(role).currents is None for role in MeterRole)
    assert metering.battery_at is None


def test_a_node_may_be_smart_without_a_meter() -> None:
    at = desk(settings(mains_meter="Disabled", loadbl="Node 2"))
    assert carry_out(ChooseMode(ModeChoice.SMART), at, Metering(), 0).accepted


@pytest.mark.parametrize("current", [60, 130, 0])
def test_the_override_takes_its_whole_range(current: int) -> None:
    at = desk()
    assert carry_out(Override(current), at, Metering(), 0).accepted
    assert at.override == current


def test_the_override_ends_on_a_node_and_in_solar_too() -> None:
    for given in (NODE, settings(mode="Solar")):
        assert carry_out(Override(0), desk(given), Metering(), 0).accepted


def test_a_setting_that_moves_the_range_moves_the_override() -> None:
    at = desk()
    carry_out(Override(130), at, Metering(), 0)
    carry_out(ChangeSetting("current_max", 10), at, Metering(), 0)
    assert at.override == 100
    before = at.settings
    assert carry_out(ChangeSetting("current_max", 10), at, Metering(), 0).accepted
    assert at.settings is before


def test_the_mode_as_a_setting_leaves_access_alone() -> None:
    at = desk(access=Access.DENY)
    assert carry_out(ChangeSetting("mode", 1), at, Metering(), 0).accepted
    assert (at.settings.mode, at.access) == (Mode.SMART, Access.DENY)


def test_posted_values_are_kept_with_their_time() -> None:
    at, metering = desk(API), Metering()
    assert carry_out(PostMains(AMPS), at, metering, 7).accepted
    assert carry_out(PostEvMeter(AMPS, 1_000, 2_000, 300), at, metering, 8).accepted
    assert carry_out(PostEvMeter(None, 1_001, 2_000, 300), at, metering, 9).accepted
    assert carry_out(PostBattery(50), at, metering, 9).accepted
    assert (metering.values(MeterRole.MAINS).currents, metering.age(MeterRole.MAINS, 10)) == (AMPS, 3)
    ev = metering.values(MeterRole.EV)
    assert (ev.currents, ev.import_wh, ev.export_wh, ev.power_w, ev.currents_at) == (AMPS, 1_001, 2_000, 300, 8)
    assert metering.battery(60_009) == 50
    assert metering.battery(60_010) == 0


def test_a_mains_meter_may_tell_power_and_energy_too() -> None:
    at, metering = desk(API), Metering()
    assert carry_out(PostMains(AMPS, -500, 7_000), at, metering, 7).accepted
    assert carry_out(PostMains(AMPS), at, metering, 8).accepted
    mains = metering.values(MeterRole.MAINS)
    assert (mains.currents, mains.power_w, mains.import_wh, mains.export_wh) == (AMPS, -500, 7_000, None)
    assert (mains.currents_at, mains.heard_at) == (8, 8)


def test_exchanged_meters_are_named_once() -> None:
    at = desk()
    carry_out(ChangeSetting("ev_meter_address", 20), at, Metering(), 0)
    assert at.exchanged_meters() == [MeterRole.EV]
    assert at.exchanged_meters() == []


def test_clearing_faults_is_accepted_here_and_carried_out_elsewhere() -> None:
    assert carry_out(ClearFaults(), desk(), Metering(), 0).accepted


def test_the_last_answer_of_a_meter_that_was_exchanged_does_not_count() -> None:
    """It may be on its way to the core when the owner's new type or address is already in force."""
    for key, value in (("mains_meter_address", 20), ("mains_meter", "ABB"), ("mains_meter", "API")):
        story = Story()
        old = MeterRead(MeterRole.MAINS, AMPS, source=(4, 11))
        story.core.handle(old, story.now)
        assert story.core.regulation.metering.values(MeterRole.MAINS).currents == AMPS
        assert story.command(ChangeSetting(key, value)).accepted
        story.core.handle(old, story.now)
        assert story.core.regulation.metering.values(MeterRole.MAINS).currents is None
        own = (story.core.desk.settings.mains_meter, story.core.desk.settings.mains_meter_address)
        for source in (own, None):
            story.core.handle(MeterRead(MeterRole.MAINS, AMPS, source=source), story.now)
            assert story.core.regulation.metering.values(MeterRole.MAINS).currents == AMPS


def test_login_is_not_turned_on_while_nobody_could_log_in() -> None:
    story = Story()
    refused = story.command(ChangeSetting("login", 1)).refused
    assert refused.startswith("login stays Off until somebody can log in")
    story.core.handle(CredentialsSet(installer_pin=False, anybody=True), story.now)
    assert story.command(ChangeSetting("login", 1)).accepted
    story.core.handle(CredentialsSet(installer_pin=False, anybody=False), story.now)
    assert story.command(ChangeSetting("login", 1)).accepted, "it stays as it is"
    assert story.command(ChangeSetting("login", 0)).accepted
    assert not story.command(ChangeSetting("login", 1)).accepted


def test_that_the_installer_has_a_pin_is_seen() -> None:
    story = Story()
    assert not story.snapshot.installer_pin_set
    story.core.handle(CredentialsSet(installer_pin=True, anybody=True), story.now)
    assert story.snapshot.installer_pin_set
