"""The real daemon announces itself: on the loopback only, because that is where a simulation listens."""

from functools import partial
from pathlib import Path

import pytest
from zeroconf import IPVersion, Zeroconf

from evsed import __version__
from tests.scenarios.simulation import Simulation, wait_for

pytestmark = pytest.mark.daemon

EVSED = "_evsed._tcp.local."


def gone(lan: Zeroconf, name: str) -> bool:
    return lan.cache.current_entry_with_name_and_alias(EVSED, name) is None


def test_each_charger_has_a_name_that_leads_to_it_and_leaves_with_it(state_dir: Path) -> None:
    with Zeroconf(interfaces=["127.0.0.1"]) as lan, Simulation(state_dir, chargers=2) as simulation:
        ports: dict[int, str] = {}

        def look() -> bool:
            for serial in (90_000, 90_001):
                for further in ("", *(f"-{number}" for number in range(2, 10))):  # another run of the tests may have it
                    name = f"smartevse-{serial}{further}"
                    info = lan.get_service_info(EVSED, f"{name}.{EVSED}", timeout=300)
                    if info is not None and info.port in {simulation.port, simulation.port + 1}:
                        assert info.server == f"{name}.local."
                        assert info.parsed_addresses(IPVersion.All) == ["127.0.0.1"]
                        told = {"version": __version__, "serial": str(serial), "path": "/", "api": "/api/v1"}
                        assert info.decoded_properties == told
                        ports[info.port or 0] = name
            return len(ports) == 2

        wait_for(look, "both chargers are found", simulation.still_runs)
        assert simulation.settings["serialnr"] == 90_000
        assert "http://smartevse-9000" in simulation.said()
        assert simulation.interrupt() == 0
        for name in ports.values():
            wait_for(
                partial(gone, lan, f"{name}.{EVSED}"),
                f"{name} has said goodbye",
            )
