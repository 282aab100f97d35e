"""Each fault of ``/simulation`` leads to its documented end, is the same on REST, MQTT and LCD, and ends as documented.

One daemon for all of them, one after the other: how fast each must be is proved in virtual time by tests/core.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from evsed.core.faults import Fault
from evsed.core.screens.errors import ERRORS
from evsed.core.screens.screen import Words
from evsed.core.states import State
from evsed.lcd.draw import draw
from evsed.lcd.picture import png
from tests.scenarios.broker import Broker, Listener
from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon

SOUND: Final[dict[str, Any]] = {
    "mains_meter_silent": False, "bus_offline": False, "pilot": None, "contactor1": None, "contactor2": None,
    "car_ignores_stop": False, "rcm": False, "temperature": 25, "lock": None,
}  # fmt: skip


@dataclass
class Installation:
    """A charger with its broker and somebody who listens."""

    simulation: Simulation
    listener: Listener

    def break_(self, **faults: object) -> None:
        assert self.simulation.patch(faults=faults).status == 200

    def car(self, **car: object) -> None:
        assert self.simulation.patch(car=car).status == 200

    def mode(self, number: int) -> None:
        assert self.simulation.post(f"/settings?mode={number}").json == {"mode": str(number)}

    @property
    def error(self) -> tuple[str, int]:
        evse = self.simulation.evse
        return evse["error"], evse["error_id"]

    @property
    def contacts(self) -> tuple[bool, bool]:
        plant = self.simulation.plant
        return plant["contactor1"], plant["contactor2"]

    def says(self, text: str, error_id: int, state: State, reason: str) -> None:
        """Waits for the error and the state on REST, then for the same on /api/v1, on MQTT and on the LCD."""
        wait_for(lambda: self.error == (text, error_id), f"the error is {text}; it is {self.error}")
        wait_for(lambda: self.simulation.evse["state_id"] == state, f"state {state.name}")
        assert self.simulation.evse["state"] == state.text
        document = self.simulation.state
        assert (document["error"], document["error_id"], document["state"]) == (text, error_id, state.name)
        assert document["not_charging"]["reason"] == reason
        if error_id:
            assert {"code": reason, "text": text, "error_id": error_id} in document["faults"]
        self.listener.wait("Error", text)
        self.listener.wait("StateID", state.name)
        self.listener.wait("State", state.text)
        if error_id:
            words = ERRORS[next(fault for fault in Fault if fault.value.error_id == error_id)]
            wait_for(lambda: self.simulation.get("/lcd").body == png(draw(Words(words))), f"the LCD says {words}")

    def has_looked(self) -> None:
        """Until the daemon has gone on: what the meter measures from now on has come out at its other end."""
        before = self.simulation.settings["phase_currents"]["L1"]
        assert self.simulation.patch(house={"L1": 1.0 if before > 20 else 3.0}).status == 200
        wait_for(lambda: self.simulation.settings["phase_currents"]["L1"] != before, "the mains meter is read")

    def opens(self) -> None:
        wait_for(lambda: self.contacts == (False, False), "the contactors open")

    def is_fine(self) -> None:
        wait_for(lambda: self.error == ("None", 0), f"no error; it is {self.error}")
        self.listener.wait("Error", "None")

    def is_fine_after(self, deed: Callable[[], None]) -> None:
        """Does it again until it helps: right after a signal has gone, the daemon may not have seen that yet."""

        def fine() -> bool:
            deed()
            return self.error == ("None", 0)

        wait_for(fine, "no error")
        self.is_fine()

    def charges(self) -> None:
        wait_for(lambda: self.simulation.plant["car_current"]["L3"] > 0, "charging")
        assert self.error == ("None", 0)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A charger of which the EV meter falls silent at once; that counts after 64 s, while the other tests run."""
    directory = tmp_path_factory.mktemp("faults")
    chosen = ("enable_C2=Always On", "lock=Solenoid", "closings_per_hour=60")
    options = [word for setting in chosen for word in ("--set", setting)]
    with Broker(directory) as broker:
        listener = Listener(broker, "SmartEVSE-90000")
        with Simulation(directory / "state", ("--mqtt", f"127.0.0.1:{broker.port}", *options)) as simulation:
            listener.wait("connected", "online")
            installation = Installation(simulation, listener)
            installation.break_(ev_meter_silent=True)
            yield installation
            assert "Traceback" not in simulation.said()
        listener.close()


@pytest.fixture
def charger(quiet: Installation) -> Iterator[Installation]:
    """One that charges in Normal mode."""
    if not quiet.simulation.state["charging"]:
        quiet.car(plugged=False)  # which also ends every wait
        wait_for(lambda: quiet.simulation.evse["state_id"] == State.A, "state A")
        quiet.car(plugged=True, ready=True)
    quiet.charges()
    yield quiet
    quiet.break_(**SOUND)
    quiet.car(lag=2.0)
    quiet.simulation.press("middle")
    quiet.simulation.post("/settings?mode=1&disable_override_current=1")


# ---- in Normal mode, without the EV meter ----


@pytest.mark.parametrize("fault", ["short", "invalid"])
def test_a_pilot_that_cannot_be_read(charger: Installation, fault: str) -> None:
    charger.break_(pilot=fault)
    charger.says("Pilot Fault", 11, State.B1, "pilot")
    charger.opens()
    charger.break_(pilot=None)
    charger.is_fine()
    assert charger.simulation.state["not_charging"]["seconds_left"] > 0, "it says when it tries again"


def test_a_broken_pilot_wire_looks_like_a_pulled_plug(charger: Installation) -> None:
    charger.break_(pilot="open")
    charger.opens()
    charger.says("None", 0, State.A, "no_car")
    charger.listener.wait("EVPlugState", "Disconnected")
    charger.break_(pilot=None)
    charger.charges()


def test_a_diode_that_is_gone_is_remembered_until_the_plug_is_pulled(charger: Installation) -> None:
    charger.break_(pilot="no_diode")
    charger.says("Diode Missing", 12, State.B1, "diode")
    charger.opens()
    charger.car(plugged=False)
    charger.is_fine()
    charger.break_(pilot=None)
    charger.car(plugged=True)
    charger.charges()


def test_residual_current_is_reset_by_a_button_when_it_has_gone(charger: Installation) -> None:
    charger.break_(rcm=True)
    charger.opens()
    charger.says("RCM Tripped", 5, State.B1, "rcm")
    charger.simulation.press("right")
    charger.has_looked()
    charger.says("RCM Tripped", 5, State.B1, "rcm")
    charger.break_(rcm=False)
    charger.has_looked()
    charger.says("RCM Tripped", 5, State.B1, "rcm")
    charger.is_fine_after(lambda: charger.simulation.press("middle"))
    charger.charges()


@pytest.mark.parametrize("contactor", ["contactor1", "contactor2"])
def test_a_contactor_that_does_not_close_is_tried_again_later(charger: Installation, contactor: str) -> None:
    charger.break_(**{contactor: "stuck_open"})
    charger.says("Contactor Failed", 10, State.B1, "contactor_failed")
    charger.opens()
    assert charger.simulation.state["not_charging"]["seconds_left"] > 0, "it says when"


def test_a_car_that_ignores_the_stop_is_cut_off(charger: Installation) -> None:
    charger.break_(car_ignores_stop=True)
    charger.mode(0)
    charger.opens()
    charger.says("None", 0, State.B1, "access_denied")


def test_a_lock_that_does_not_move(charger: Installation) -> None:
    assert charger.simulation.state["locked"] is True
    charger.car(plugged=False)
    wait_for(lambda: not charger.simulation.plant["locked"], "unplugged is unlocked")
    charger.break_(lock="stuck")
    charger.car(plugged=True)
    charger.says("Lock Failed", 14, State.B1, "lock_failed")
    assert charger.contacts == (False, False)
    assert charger.simulation.state["locked"] is False
    charger.break_(lock=None)
    charger.is_fine()
    charger.charges()
    assert charger.simulation.plant["locked"]


# ---- with the meters ----


def test_an_ev_meter_that_is_not_heard(charger: Installation) -> None:
    charger.mode(3)
    charger.says("EV Meter Comm Error", 4, State.B1, "ev_meter_lost")
    charger.opens()
    charger.break_(ev_meter_silent=False)
    charger.is_fine()


def test_a_charger_that_is_too_hot(charger: Installation) -> None:
    charger.break_(temperature=66)
    charger.says("Temperature High", 3, State.B1, "temperature")
    charger.opens()
    charger.break_(temperature=54)
    charger.is_fine()


@pytest.mark.parametrize("fault", ["mains_meter_silent", "bus_offline"])
def test_a_mains_meter_that_is_not_heard(charger: Installation, fault: str) -> None:
    charger.break_(ev_meter_silent=False, **{fault: True})
    wait_for(lambda: charger.simulation.settings["settings"]["charge_current"] == 60, "in Normal it goes on with MIN")
    assert charger.error == ("None", 0)
    charger.mode(3)
    charger.says("Communication Error", 2, State.B1, "meter_lost")
    charger.opens()
    assert charger.simulation.settings["phase_currents"]["L1"] is None
    assert charger.simulation.state["meters"]["mains"]["answering"] is False
    assert "address 11: no answer to a read of register" in charger.simulation.said()
    charger.break_(**{fault: False})
    charger.is_fine()
    if fault == "mains_meter_silent":
        charger.charges()


def test_a_car_that_draws_more_than_it_is_offered(charger: Installation) -> None:
    charger.break_(ev_meter_silent=False)
    wait_for(lambda: charger.simulation.plant["car_current"]["L1"] > 10.0, "after the meter's silence it climbs again")
    charger.car(lag=60.0)
    charger.simulation.post("/settings?override_current=60")
    charger.says("Overdraw", 13, State.B1, "overdraw")
    charger.opens()
    assert charger.simulation.state["not_charging"]["seconds_left"] > 0, "it says when it tries again"


@pytest.mark.parametrize("contactor", ["contactor2", "contactor1"])
def test_a_welded_contactor_outlives_a_restart_and_is_cleared_by_the_owner_when_it_opens_again(
    charger: Installation, contactor: str
) -> None:
    charger.break_(**{contactor: "welded"})
    charger.mode(0)
    charger.says("Contactor Welded", 9, State.B1, "welded")
    assert charger.simulation.plant[contactor]
    charger.simulation.restart()
    charger.mode(1)
    charger.says("Contactor Welded", 9, State.B1, "welded")
    refused = charger.simulation.post("/api/v1/faults/clear")
    assert (refused.status, refused.json["title"]) == (409, "Conflict")
    charger.break_(**{contactor: None})
    charger.opens()
    charger.says("Contactor Welded", 9, State.B1, "welded")
    cleared = charger.simulation.post("/api/v1/faults/clear")
    assert (cleared.status, cleared.json["error_id"], cleared.json["faults"]) == (200, 0, [])
    charger.is_fine()
    charger.charges()
