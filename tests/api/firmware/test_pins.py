"""The LCD's PIN: who is let in, who waits, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.pins import FORGIVEN_AFTER_S, FREE_TRIES, LONGEST_WAIT_S, STAYS_S, Answer, Pins

PIN = 1234
HERE, THERE = "192.0.2.1", "192.0.2.2"


def guess(pins: Pins, count: int, address: str = HERE, now_s: float = 0.0) -> Answer:
    """``count`` wrong PINs, each as soon as it is looked at; the last answer."""
    answer = Answer.RIGHT
    for _ in range(count):
        now_s += pins.wait_s(address, now_s)
        answer = pins.try_pin("1", PIN, address, now_s)
    return answer


def test_the_right_pin_and_wrong_ones() -> None:
    pins = Pins()
    assert pins.try_pin("1234", PIN, HERE, 0) is Answer.RIGHT
    assert pins.try_pin(" 1234 ", PIN, HERE, 0) is Answer.RIGHT
    assert pins.try_pin("0042", 42, HERE, 0) is pins.try_pin("42", 42, HERE, 0) is Answer.RIGHT
    for wrong in ("", "12345", "01234", "-1234", "1234x", "١٢٣٤", "12 34"):
        assert Pins().try_pin(wrong, PIN, HERE, 0) is Answer.WRONG


def test_without_a_pin_there_are_no_remote_buttons() -> None:
    for given_pin in ("0", "", "0000", "1234"):
        assert Pins().try_pin(given_pin, 0, HERE, 0) is Answer.OFF


def test_wrong_pins_cost_more_and_more_time_but_never_more_than_five_minutes() -> None:
    pins, waits, now_s = Pins(), [], 0.0
    for _ in range(14):
        assert pins.try_pin("1", PIN, HERE, now_s) is Answer.WRONG
        waits.append(pins.wait_s(HERE, now_s))
        assert pins.wait_s(HERE, now_s) == 0 or pins.try_pin("1234", PIN, HERE, now_s) is Answer.WAIT
        now_s += waits[-1]
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert waits == sorted(waits)
    assert LONGEST_WAIT_S <= waits[-1] <= LONGEST_WAIT_S + 1


def test_who_waited_gets_in_with_the_right_pin_and_starts_afresh() -> None:
    pins = Pins()
    assert guess(pins, 5) is Answer.WRONG
    now_s = 1_000.0
    assert pins.try_pin("1234", PIN, HERE, now_s) is Answer.RIGHT
    assert guess(pins, FREE_TRIES - 1, now_s=now_s) is Answer.WRONG
    assert pins.wait_s(HERE, now_s) == 0


def test_one_who_guesses_does_not_keep_the_owner_out() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    guess(pins, 8, THERE)
    assert pins.try_pin("1234", PIN, HERE, 0) is Answer.RIGHT
    assert pins.knows(token, PIN, 1)


def test_wrong_pins_are_forgiven_after_an_hour() -> None:
    pins = Pins()
    guess(pins, 4)
    assert pins.try_pin("1", PIN, HERE, FORGIVEN_AFTER_S + 60) is Answer.WRONG
    assert pins.wait_s(HERE, FORGIVEN_AFTER_S + 60) == 0


def test_an_ipv6_network_waits_together() -> None:
    pins = Pins()
    for host in range(1, FREE_TRIES + 1):
        pins.try_pin("1", PIN, f"2001:db8::{host}", 0)
    assert pins.try_pin("1234", PIN, "2001:db8::ffff", 0) is Answer.WAIT
    assert pins.try_pin("1234", PIN, "2001:db8:0:1::1", 0) is Answer.RIGHT


def test_addresses_without_end_wait_together_in_bounded_memory() -> None:
    pins = Pins()
    for host in range(1_000):
        pins.try_pin("1", PIN, f"10.0.{host // 250}.{host % 250}", 0)
    assert pins.try_pin("1", PIN, "10.9.9.9", 0) is Answer.WAIT
    assert len(pins._tries) <= 201


def test_a_visitor_stays_while_it_is_active_and_while_the_pin_is_the_same() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    assert pins.knows(token, PIN, STAYS_S - 1)
    assert pins.knows(token, PIN, 2 * STAYS_S - 2)
    assert not pins.knows(token, PIN, 3 * STAYS_S)
    token = pins.admit(PIN, 0)
    assert not pins.knows(token, 4321, 1)
    assert not pins.knows(token, PIN, 1)
    assert not pins.knows(pins.admit(0, 0), 0, 1)
    for unknown in ("", "x"):
        assert not pins.knows(unknown, PIN, 0)


def test_visitors_without_end_take_bounded_memory() -> None:
    pins = Pins()
    tokens = [pins.admit(PIN, 0) for _ in range(100)]
    assert len(set(tokens)) == 100
    assert sum(pins.knows(token, PIN, 1) for token in tokens) == 20


@given(st.text(max_size=10), st.integers(1, 9_999))
def test_only_the_digits_of_the_pin_are_the_pin(text: str, pin: int) -> None:
    right = text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 4 and int(text) == pin
    assert (Pins().try_pin(text, pin, HERE, 0) is Answer.RIGHT) == right


def test_an_address_with_its_interface_and_one_of_ipv4_in_ipv6_wait_for_themselves() -> None:
    pins = Pins()
    for address in ("fe80::1%eth0", "::ffff:192.168.1.66"):
        for _ in range(FREE_TRIES):
            assert pins.try_pin("1", 5, address, 0.0) is Answer.WRONG
        assert pins.try_pin("5", 5, address, 0.0) is Answer.WAIT
    assert pins.try_pin("5", 5, "::ffff:192.168.1.10", 0.0) is Answer.RIGHT
