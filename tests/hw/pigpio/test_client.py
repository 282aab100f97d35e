"""Our client of pigpiod's protocol: every call ends in time, whatever the daemon does, and a lost one stays lost."""

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from evsed.core.ports import BoardLostError
from evsed.hw.pigpio.client import (
    BAD_SCRIPT_ID,
    CALL_S,
    Client,
    PigpioLostError,
    PigpioRefusedError,
    ScriptState,
    ScriptStatus,
)
from tests.silicon.pigpiod import GDC, HP, PROCP
from tests.silicon.pigpiod_process import Pigpiod

pytestmark = pytest.mark.daemon

PATIENCE_S = 2.0
"""A call takes 0.1 s; these machines may stall."""


@pytest.fixture
def client(daemon: Pigpiod) -> Iterator[Client]:
    with closing(Client(daemon.port)) as connected:
        yield connected


@contextmanager
def lost(match: str) -> Iterator[None]:
    """The call ends as it should, in time."""
    started = time.monotonic()
    with pytest.raises(PigpioLostError, match=match):
        yield
    assert time.monotonic() - started < PATIENCE_S


def test_every_call_gets_its_answer(client: Client) -> None:
    assert client.version() == 79
    assert client.hardware_revision() == 0xA02082
    assert 0 <= client.tick() < 2**32
    assert (client.mode(22), client.read(22)) == (0, 0)
    client.write(22, 1)
    assert (client.mode(22), client.read(22)) == (1, 1)
    client.hardware_pwm(12, 1_000, 530_000)
    assert (client.mode(12), client.duty(12)) == (4, 530_000)


def test_a_script_is_stored_run_updated_stopped_and_deleted(client: Client) -> None:
    script = client.store_script("tag 1 mils 1 jmp 1")
    wait_for(lambda: client.script_status(script).state == ScriptState.HALTED)
    client.run_script(script, [3, 4, -5])
    wait_for(lambda: client.script_status(script).state == ScriptState.RUNNING)
    client.update_script(script, [7])
    assert client.script_status(script) == ScriptStatus(ScriptState.RUNNING, (7, 4, -5, 0, 0, 0, 0, 0, 0, 0))
    client.stop_script(script)
    wait_for(lambda: client.script_status(script).state == ScriptState.HALTED)
    client.delete_script(script)
    with pytest.raises(PigpioRefusedError) as refused:
        client.script_status(script)
    assert refused.value.code == BAD_SCRIPT_ID


def wait_for(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends


def test_a_refusal_names_call_and_gpio_and_the_connection_stands(daemon: Pigpiod, client: Client) -> None:
    with pytest.raises(PigpioRefusedError) as refused:
        client.hardware_pwm(22, 1_000, 0)
    assert str(refused.value) == (
        f"pigpiod at 127.0.0.1:{daemon.port} refuses HP for GPIO 22: this GPIO has no hardware PWM (-95)"
    )
    assert refused.value.code == -95
    assert isinstance(refused.value, BoardLostError)
    assert client.version() == 79


def test_a_tick_with_the_highest_bit_is_no_error(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(lie=-1)
    assert client.tick() == 2**32 - 1


def test_an_unknown_error_keeps_its_number(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(lie=-12345)
    with pytest.raises(PigpioRefusedError, match=r"READ for GPIO 5: see pigpio.h for the number \(-12345\)"):
        client.read(5)


def test_a_daemon_that_hangs_is_lost_for_ever(daemon: Pigpiod, client: Client) -> None:
    daemon.freeze()
    with lost("did not answer READ for GPIO 22 within 100 ms"):
        client.read(22)
    daemon.thaw()
    assert daemon.ask(HP, 12, 1_000, bytes(4)) == 0  # it works again; the stream of this client is out of step
    with lost("did not answer READ for GPIO 22"):
        client.write(22, 0)
    with lost("did not answer READ for GPIO 22"):
        client.script_status(0)
    with lost("did not answer READ for GPIO 22"):
        client.check_alive()


@pytest.mark.parametrize("cut", [0, 1, 15])
def test_half_an_answer_is_none(daemon: Pigpiod, client: Client, cut: int) -> None:
    daemon.plant(cut=cut)
    with lost("did not answer PIGPV within 100 ms"):
        client.version()


def test_half_a_status_is_none(daemon: Pigpiod, client: Client) -> None:
    script = client.store_script("halt")
    daemon.plant(cut=20, only=PROCP)
    with lost(f"did not answer PROCP for script {script} within 100 ms"):
        client.script_status(script)


def test_a_byte_at_a_time_does_not_buy_time(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(drip_ms=30)
    with lost("did not answer GDC for GPIO 12 within 100 ms"):
        client.duty(12)


def test_an_answer_in_pieces_is_an_answer(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(drip_ms=1)
    assert client.version() == 79


def test_late_within_bounds_is_an_answer(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(late_ms=20)
    assert client.version() == 79


def test_too_late_is_lost(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(late_ms=400)
    with lost("did not answer HP for GPIO 12 within 100 ms"):
        client.hardware_pwm(12, 1_000, 0)


def test_several_calls_share_what_they_are_allowed(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(late_ms=40)
    client.allow(CALL_S)
    started = time.monotonic()
    with pytest.raises(PigpioLostError, match=r"did not answer PIGPV within \d+ ms"):
        call_often(client, 3)
    assert time.monotonic() - started < PATIENCE_S


def call_often(client: Client, times: int) -> None:
    for _ in range(times):
        client.version()


def test_a_standstill_of_ours_is_not_the_daemons(daemon: Pigpiod, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer has long come when we look at the clock again; a further call of that cycle is asked all the same."""
    now, receive = [0.0], Client._receive
    stalls = [0.3, 0.0]

    def receive_late(client: Client, length: int, ends: float) -> bytes:
        select.select([client._socket], [], [], PATIENCE_S)
        now[0] += stalls.pop(0)
        return receive(client, length, ends)

    with closing(Client(daemon.port, clock=lambda: now[0])) as client:
        monkeypatch.setattr(Client, "_receive", receive_late)
        client.allow(CALL_S)
        call_often(client, 2)
        assert not stalls


def test_an_answer_to_something_else_ends_the_connection(daemon: Pigpiod, client: Client) -> None:
    daemon.plant(echo=GDC)
    with lost("answered PIGPV with something else"):
        client.version()
    with lost("answered PIGPV with something else"):
        client.version()


def test_a_status_of_another_length_ends_the_connection(daemon: Pigpiod, client: Client) -> None:
    script = client.store_script("halt")
    daemon.plant(status_parameters=1)
    with lost("answered 8 bytes to PROCP for script 0 instead of 44"):
        client.script_status(script)


def test_the_end_of_the_daemon_is_noticed_without_a_call(daemon: Pigpiod, client: Client) -> None:
    client.check_alive()
    daemon.kill()
    with lost("has ended|has broken the connection"):
        client.check_alive()
    with lost("has ended|has broken the connection"):
        client.version()


def test_the_end_of_the_daemon_ends_a_call(daemon: Pigpiod, client: Client) -> None:
    daemon.kill()
    with lost("has ended|has broken the connection"):
        client.write(22, 0)


def test_a_closed_client_stays_closed(client: Client) -> None:
    client.close()
    with lost("the connection to pigpiod at 127.0.0.1:\\d+ is closed"):
        client.version()


def test_nobody_there_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with lost(rf"pigpiod at 127\.0\.0\.1:{port} cannot be reached .*systemctl status pigpiod"):
        Client(port)


@pytest.fixture
def stranger() -> Iterator[tuple[Client, socket.socket]]:
    """A client of somebody who is no pigpiod."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        closing(Client(listener.getsockname()[1])) as client,
        listener.accept()[0] as server,
    ):
        yield client, server


def test_who_speaks_unasked_is_out_of_step(stranger: tuple[Client, socket.socket]) -> None:
    client, server = stranger
    server.sendall(b"hello")
    wait_for(lambda: says_something(client))
    with lost("says what nobody asked"):
        client.check_alive()


def says_something(client: Client) -> bool:
    try:
        client.check_alive()
    except PigpioLostError:
        return True
    return False


def test_who_accepts_and_says_nothing_is_lost(stranger: tuple[Client, socket.socket]) -> None:
    with lost("did not answer PIGPV within 100 ms"):
        stranger[0].version()
