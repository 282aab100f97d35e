"""The LCD's PIN: who is let in, who waits, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.pins import FORGIVEN_AFTER_S, FREE_TRIES, LONGEST_WAIT_S, STAYS_S, Answer, Pair, Pins, lcd_pin

PIN, INSTALLER = "1234", "654321"
ASKED = Pair(PIN, INSTALLER)
HERE, THERE = "192.0.2.1", "192.0.2.2"


def tried(pins: Pins, pin: str, asked: str = PIN, address: str = HERE, now_s: float = 0.0) -> Answer:
    """Gives an LCD PIN only."""
    return pins.judge(Pair(pin), Pair(asked, INSTALLER), address, now_s)


def guess(pins: Pins, count: int, address: str = HERE, now_s: float = 0.0) -> Answer:
    """``count`` wrong PINs, each as soon as it is looked at; the last answer."""
    answer = Answer.RIGHT
    for _ in range(count):
        now_s += pins.wait_s(address, now_s)
        answer = tried(pins, "1", PIN, address, now_s)
    return answer


def test_the_right_pin_and_wrong_ones() -> None:
    pins = Pins()
    assert tried(pins, "1234", PIN, HERE, 0) is Answer.RIGHT
    assert tried(pins, " 1234 ", PIN, HERE, 0) is Answer.RIGHT
    assert tried(pins, "0042", lcd_pin(42), HERE, 0) is tried(pins, "42", lcd_pin(42), HERE, 0) is Answer.RIGHT
    for wrong in ("", "12345", "01234", "-1234", "1234x", "١٢٣٤", "12 34"):
        assert tried(Pins(), wrong, PIN, HERE, 0) is Answer.WRONG


def test_without_a_pin_there_are_no_remote_buttons() -> None:
    for given_pin in ("0", "", "0000", "1234"):
        assert tried(Pins(), given_pin, lcd_pin(0)) is Answer.OFF


def test_wrong_pins_cost_more_and_more_time_but_never_more_than_five_minutes() -> None:
    pins, waits, now_s = Pins(), [], 0.0
    for _ in range(14):
        assert tried(pins, "1", PIN, HERE, now_s) is Answer.WRONG
        waits.append(pins.wait_s(HERE, now_s))
        assert pins.wait_s(HERE, now_s) == 0 or tried(pins, "1234", PIN, HERE, now_s) is Answer.WAIT
        now_s += waits[-1]
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert waits == sorted(waits)
    assert LONGEST_WAIT_S <= waits[-1] <= LONGEST_WAIT_S + 1


def test_who_waited_gets_in_with_the_right_pin_and_starts_afresh() -> None:
    pins = Pins()
    assert guess(pins, 5) is Answer.WRONG
    now_s = 1_000.0
    assert tried(pins, "1234", PIN, HERE, now_s) is Answer.RIGHT
    assert guess(pins, FREE_TRIES - 1, now_s=now_s) is Answer.WRONG
    assert pins.wait_s(HERE, now_s) == 0


def test_one_who_guesses_does_not_keep_the_owner_out() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    guess(pins, 8, THERE)
    assert tried(pins, "1234", PIN, HERE, 0) is Answer.RIGHT
    assert pins.visitor(token, PIN, 1)


def test_wrong_pins_are_forgiven_after_an_hour() -> None:
    pins = Pins()
    guess(pins, 4)
    assert tried(pins, "1", PIN, HERE, FORGIVEN_AFTER_S + 60) is Answer.WRONG
    assert pins.wait_s(HERE, FORGIVEN_AFTER_S + 60) == 0


def test_an_ipv6_network_waits_together() -> None:
    pins = Pins()
    for host in range(1, FREE_TRIES + 1):
        tried(pins, "1", PIN, f"2001:db8::{host}", 0)
    assert tried(pins, "1234", PIN, "2001:db8::ffff", 0) is Answer.WAIT
    assert tried(pins, "1234", PIN, "2001:db8:0:1::1", 0) is Answer.RIGHT


def test_addresses_without_end_wait_together_in_bounded_memory() -> None:
    pins = Pins()
    for host in range(1_000):
        tried(pins, "1", PIN, f"10.0.{host // 250}.{host % 250}", 0)
    assert tried(pins, "1", PIN, "10.9.9.9", 0) is Answer.WAIT
    assert len(pins._tries) <= 201


def test_a_visitor_stays_while_it_is_active_and_while_the_pin_is_the_same() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    assert pins.visitor(token, PIN, STAYS_S - 1)
    assert pins.visitor(token, PIN, 2 * STAYS_S - 2)
    assert not pins.visitor(token, PIN, 3 * STAYS_S)
    token = pins.admit(PIN, 0)
    assert not pins.visitor(token, "4321", 1)
    assert not pins.visitor(token, PIN, 1)
    assert not pins.visitor(pins.admit("", 0), "", 1)
    for unknown in ("", "x"):
        assert not pins.visitor(unknown, PIN, 0)


def test_visitors_without_end_take_bounded_memory() -> None:
    pins = Pins()
    tokens = [pins.admit(PIN, 0) for _ in range(100)]
    assert len(set(tokens)) == 100
    assert sum(pins.visitor(token, PIN, 1) is not None for token in tokens) == 20


@given(st.text(max_size=10), st.integers(1, 9_999))
def test_only_the_digits_of_the_pin_are_the_pin(text: str, pin: int) -> None:
    right = text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 4 and int(text) == pin
    assert (tried(Pins(), text, lcd_pin(pin)) is Answer.RIGHT) == right


def test_an_address_with_its_interface_and_one_of_ipv4_in_ipv6_wait_for_themselves() -> None:
    pins = Pins()
    for address in ("fe80::1%eth0", "::ffff:192.168.1.66"):
        for _ in range(FREE_TRIES):
            assert tried(pins, "1", lcd_pin(5), address, 0.0) is Answer.WRONG
        assert tried(pins, "5", lcd_pin(5), address, 0.0) is Answer.WAIT
    assert tried(pins, "5", lcd_pin(5), "::ffff:192.168.1.10", 0.0) is Answer.RIGHT


# ---- the installer ----


def both(pins: Pins, installer: str, *, pin: str | None = PIN, address: str = HERE, now_s: float = 0.0) -> Answer:
    return pins.judge(Pair(pin, installer), ASKED, address, now_s)


def test_the_installer_gives_both_pins_or_only_his_when_he_is_in_already() -> None:
    assert (
        both(Pins(), INSTALLER) is both(Pins(), f" {INSTALLER} ") is both(Pins(), INSTALLER, pin=None) is Answer.RIGHT
    )
    for installer, pin in ((INSTALLER, "1"), ("123456", PIN), ("", PIN), ("65432é", PIN), ("0654321", None)):
        assert both(Pins(), installer, pin=pin) is Answer.WRONG


def test_without_a_pin_for_him_nobody_is_the_installer() -> None:
    for nothing in (None, ""):
        assert Pins().judge(Pair(PIN, "1234"), Pair(PIN, nothing), HERE, 0) is Answer.NO_INSTALLER
    assert Pins().judge(Pair(PIN, INSTALLER), Pair("", INSTALLER), HERE, 0) is Answer.OFF


def test_who_knows_the_lcd_pin_does_not_guess_the_installer_s_for_nothing() -> None:
    """A right LCD PIN between the guesses forgives none of them."""
    pins = Pins()
    for _ in range(FREE_TRIES):
        assert pins.wait_s(HERE, 0) == 0
        assert both(pins, "111111") is Answer.WRONG
        tried(pins, PIN)
    assert tried(pins, PIN) is both(pins, INSTALLER) is Answer.WAIT
    later = float(pins.wait_s(HERE, 0))
    assert both(pins, "111111", now_s=later) is Answer.WRONG
    assert pins.wait_s(HERE, later) > later
    later += pins.wait_s(HERE, later)
    assert both(pins, INSTALLER, now_s=later) is Answer.RIGHT
    assert both(pins, "111111", now_s=later) is Answer.WRONG
    assert pins.wait_s(HERE, later) == 0


def test_a_visitor_becomes_the_installer_and_stays_the_same_visitor() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    guest = pins.visitor(token, PIN, 0)
    assert guest is not None
    assert not guest.installer
    assert pins.admit(PIN, 0, token, installer=True) == pins.admit(PIN, 0, token) == token
    installer = pins.visitor(token, PIN, 0)
    assert installer is not None
    assert (installer.name, installer.installer) == (guest.name, True)
    other = pins.visitor(pins.admit(PIN, 0, "unknown"), PIN, 0)
    assert other is not None
    assert other.name != guest.name
    assert not other.installer
    for secret in (token, PIN):
        assert secret not in repr(installer)


def test_to_look_does_not_prolong_a_stay() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    assert pins.visitor(token, PIN, STAYS_S - 1, stays=False)
    assert not pins.visitor(token, PIN, STAYS_S)


def test_pins_are_not_shown() -> None:
    assert PIN not in repr(ASKED)
    assert INSTALLER not in repr(ASKED)
