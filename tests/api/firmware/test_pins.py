"""The LCD's PIN: who is let in, who waits, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from evsed.api.firmware.pins import STAYS_S, Answer, Pins, lcd_pin
from evsed.api.tries import FREE_TRIES
from evsed.credentials import Hashed

PIN = "1234"
INSTALLER = Hashed(b"salt", b"hash", 2, 8, 1)
HERE, THERE = "192.0.2.1", "192.0.2.2"


def tried(pins: Pins, pin: str, asked: str = PIN, address: str = HERE, now_s: float = 0.0) -> Answer:
    return pins.judge(pin, asked, address, now_s)


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


def test_a_visitor_becomes_the_installer_and_stays_the_same_visitor() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    guest = pins.visitor(token, PIN, 0)
    assert guest is not None
    assert guest.installer is None
    assert pins.admit(PIN, 0, token, installer=INSTALLER) == pins.admit(PIN, 0, token) == token
    installer = pins.visitor(token, PIN, 0)
    assert installer is not None
    assert (installer.name, installer.installer) == (guest.name, INSTALLER)
    other = pins.visitor(pins.admit(PIN, 0, "unknown"), PIN, 0)
    assert other is not None
    assert other.name != guest.name
    assert other.installer is None
    for secret in (token, PIN, INSTALLER.hash.hex()):
        assert secret not in repr(installer)


def test_to_look_does_not_prolong_a_stay() -> None:
    pins = Pins()
    token = pins.admit(PIN, 0)
    assert pins.visitor(token, PIN, STAYS_S - 1, stays=False)
    assert not pins.visitor(token, PIN, STAYS_S)
