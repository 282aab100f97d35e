"""How long one waits who guesses, alone and with many others."""

from hypothesis import given
from hypothesis import strategies as st

from evsed.api.tries import FORGIVEN_AFTER_S, FREE_OF_ALL, FREE_TRIES, LONGEST_WAIT_S, Brake, Tries

HERE, THERE = "192.0.2.1", "192.0.2.2"


def addresses(count: int) -> list[str]:
    return [f"10.0.{host // 250}.{host % 250}" for host in range(count)]


def test_wrong_ones_cost_more_and_more_time_but_never_more_than_five_minutes() -> None:
    tries, waits, now_s = Tries(), [], 0.0
    for _ in range(14):
        tries.wrong(HERE, now_s)
        waits.append(tries.wait_s(HERE, now_s))
        now_s += waits[-1]
    assert waits[:5] == [0, 0, 5, 10, 20]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S


def test_one_who_guesses_does_not_keep_another_out() -> None:
    tries = Tries()
    for _ in range(FREE_TRIES):
        tries.wrong(THERE, 0)
    assert (tries.wait_s(THERE, 0) > 0, tries.wait_s(HERE, 0)) == (True, 0)


def test_a_right_one_starts_afresh_and_so_does_who_waits_for_an_hour() -> None:
    tries = Tries()
    for _ in range(FREE_TRIES):
        tries.wrong(HERE, 0)
        tries.wrong(THERE, 0)
    tries.right(HERE)
    assert tries.wait_s(HERE, 0) == 0
    tries.wrong(HERE, 0)
    tries.wrong(THERE, FORGIVEN_AFTER_S)
    assert (tries.wait_s(HERE, 0), tries.wait_s(THERE, FORGIVEN_AFTER_S)) == (0, 0)


def test_guesses_from_many_addresses_are_as_slow_as_those_of_one() -> None:
    tries, now_s = Tries(Brake()), 0.0
    for address in addresses(FREE_OF_ALL):
        assert tries.wait_s(address, now_s) == 0
        tries.wrong(address, now_s)
    looked_at = 0
    for second in range(3_600):
        address = addresses(3_600)[second]
        if not tries.wait_s(address, now_s + second):
            tries.wrong(address, now_s + second)
            looked_at += 1
    assert looked_at == 3_600 / LONGEST_WAIT_S - 1


def test_the_brake_does_not_hold_who_was_right_before() -> None:
    tries = Tries(Brake())
    tries.right(HERE)
    for address in addresses(FREE_OF_ALL):
        tries.wrong(address, 0)
    assert (tries.wait_s(HERE, 0), tries.wait_s(THERE, 0)) == (0, LONGEST_WAIT_S)
    for _ in range(FREE_TRIES):
        tries.wrong(HERE, 0)
    assert tries.wait_s(HERE, 0) > 0


def test_where_there_is_no_brake_nobody_waits_for_others() -> None:
    tries = Tries()
    for _ in range(FREE_TRIES):
        for address in addresses(1_000):
            tries.wrong(address, 0)
    assert tries.wait_s(HERE, 0) == 0


def test_who_guessed_often_is_not_forgotten_for_others_who_begin() -> None:
    tries = Tries()
    for _ in range(FREE_TRIES):
        tries.wrong(HERE, 0)
    for address in addresses(1_000):
        tries.wrong(address, 0)
    assert tries.wait_s(HERE, 0) > 0


def test_networks_of_ipv6_wait_together_and_addresses_of_a_home_for_themselves() -> None:
    tries = Tries()
    for host in range(FREE_TRIES):
        tries.wrong(f"2001:db8::{host}", 0)
        tries.wrong("::ffff:192.168.1.66", 0)
        tries.wrong("fe80::1%eth0", 0)
        tries.wrong("fd00::1", 0)
    for address in ("2001:db8::ffff", "::ffff:192.168.1.66", "192.168.1.66", "fe80::1%eth0", "fd00::1"):
        assert tries.wait_s(address, 0) > 0
    for address in ("2001:db8:0:1::1", "::ffff:192.168.1.10", "fe80::2%eth0", "fd00::2"):
        assert tries.wait_s(address, 0) == 0


def test_addresses_without_end_take_bounded_memory() -> None:
    tries = Tries()
    for address in addresses(1_000):
        tries.wrong(address, 0)
        tries.right("good " + address)
    assert len(tries._wrong) <= 201
    assert len(tries._good) <= 50


@given(st.lists(st.tuples(st.sampled_from([HERE, THERE, "", "x"]), st.booleans(), st.floats(0, 500)), max_size=60))
def test_whatever_is_tried_nobody_waits_longer_than_five_minutes(tried: list[tuple[str, bool, float]]) -> None:
    tries, now_s = Tries(Brake()), 0.0
    for address, right, later in tried:
        now_s += later
        wait_s = tries.wait_s(address, now_s)
        assert 0 <= wait_s <= LONGEST_WAIT_S
        if wait_s:
            continue
        if right:
            tries.right(address)
        else:
            tries.wrong(address, now_s)
