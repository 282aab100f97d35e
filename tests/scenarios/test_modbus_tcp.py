"""Modbus TCP of a whole daemon: off by default, on when the configuration gives it a port."""

from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

from tests.scenarios.simulation import PATIENCE_S, Simulation, free_port, wait_for

pytestmark = pytest.mark.daemon


def test_a_program_reads_and_commands_a_charger(simulation: Simulation) -> None:
    port = free_port()
    client = ModbusTcpClient("127.0.0.1", port=port, timeout=PATIENCE_S, retries=0)
    assert not client.connect()  # type: ignore[no-untyped-call]
    words = simulation.daemon_command()
    configuration = Path(words[words.index("--config") + 1])
    more = f'[modbus]\nhost = "127.0.0.1"\nport = {port}\nwritable = true\n'
    configuration.write_text(configuration.read_text() + more)
    simulation.restart()
    simulation.charge()
    assert client.connect()  # type: ignore[no-untyped-call]
    wait_for(lambda: client.read_input_registers(2).registers == [130], "MAX is offered")
    status = client.read_input_registers(0, count=12).registers
    assert (status[:2], status[3], status[5], status[7]) == ([2, 0], 0, 1, 13)
    wait_for(lambda: client.read_input_registers(9).registers == [130], "the EV meter has seen what the car draws")
    assert not client.write_register(2, 60).isError()
    assert client.read_holding_registers(2).registers == [60]
    assert not client.write_register(5, 0).isError()
    wait_for(lambda: client.read_holding_registers(0).registers == [9], "charging has stopped")
    wait_for(lambda: not simulation.plant["contactor1"], "the contactor has opened")
    assert client.write_register(3, 7).exception_code == 3
    assert simulation.state["refused_inputs"] == 1
    client.close()  # type: ignore[no-untyped-call]
