"""What looks like a secret never leaves, and what is none stays readable."""

import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from evsed.api import gate
from evsed.credentials import new_token
from evsed.redaction import HIDDEN, Secrets, hard_to_guess, harmless, hide

SIGNS = st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cs", "Cc", "Zs"))
WORDS = st.text(SIGNS, min_size=4, max_size=30)
AROUND = st.text(max_size=60)
NAMES = st.sampled_from(
    [
        *("password", "mqtt_password", "pin", "lcd_pin", "PIN", "installer_pin", "token", "Secret", "webhook"),
        *("api_key", "alert_webhook", "pwd", "apikey", "client_secret", "evsed-session", "passphrase", "pin2"),
    ]
)
MARK = "Zq7"
"""In each secret of a test, and nowhere else in a line."""


@given(before=AROUND, name=NAMES, value=WORDS, after=AROUND)
@example("", "password", '"', "")
@example("?", "pin", "'a", "")
def test_what_stands_beside_the_name_of_a_secret_is_hidden(before: str, name: str, value: str, after: str) -> None:
    assume(MARK not in before + after)
    secret = MARK + value + MARK
    body = {"a": 1, name: secret, "b": before}
    said = [
        f"{name}={quote(secret, safe='')}&x={quote(after)}",
        urlencode({name: secret}),
        f"{before} /settings?{name}={quote_plus(secret)} HTTP/1.1",
        json.dumps(body),
        json.dumps(body, ensure_ascii=False, indent=2),
        repr(body),
        repr({name.encode(): secret.encode()}),
        repr(json.dumps(body)),
        json.dumps({"text": json.dumps(body)}),
        f"{name}={secret!r}, b={after!r}",
        f"{name}: {secret.replace('&', '')}",
        f"{before} {name} = {json.dumps(secret)} {after}",
    ]
    for text in said:
        assert MARK not in hide(harmless(text)), text


@given(name=NAMES, pin=st.integers(1_000, 99_999_999), before=AROUND)
def test_a_pin_is_hidden_as_it_is_posted(name: str, pin: int, before: str) -> None:
    for text in (
        f"?{name}={pin}&x=1",
        json.dumps({name: pin}),
        f"POST /settings {name}: '{pin}' is refused",
        f"{name}={pin}",
    ):
        assert str(pin) not in hide(text)
        assert str(pin) not in hide(harmless(f"{before}\n{text}")).partition("\n")[2]


@given(name=WORDS, secret=WORDS)
def test_what_authorises_is_hidden(name: str, secret: str) -> None:
    basic = base64.b64encode(f"{name}:{MARK}{secret}".encode()).decode()
    token = new_token()
    for header, given_ in (("Basic", basic), ("Bearer", token), ("Bearer", MARK + "abcdefgh")):
        for text in (
            f"Authorization: {header} {given_}",
            f"authorization={header} {given_}",
            repr({"Authorization": f"{header} {given_}", "Host": "a"}),
            repr([(b"host", b"a"), (b"authorization", f"{header} {given_}".encode())]),
            f"it said {header.lower()} {given_} and left",
        ):
            assert given_ not in hide(text), text
    for text in (
        f"Cookie: evsed-session={token}; a={MARK}",
        f"it has {token} in it",
        f"'{token}'",
        f"evsed-session={token}",
    ):
        assert token not in hide(text)
        assert MARK not in hide(text)


@given(user=WORDS, secret=WORDS, rest=WORDS)
def test_who_logs_in_by_a_url_is_hidden(user: str, secret: str, rest: str) -> None:
    for text in (
        f"https://{quote(user, safe='')}:{quote(MARK + secret, safe='')}@broker.example.org:8883/{quote(rest)}",
        f"mqtt://{quote(MARK + secret, safe='')}@10.0.0.9",
        f"http://{quote(user, safe='')}:{MARK}a/b@host/",
    ):
        assert MARK not in hide(text)
        assert "://" + HIDDEN + "@" in hide(text)


@given(
    before=AROUND, after=AROUND, secret=st.lists(st.from_regex(r"[a-z]\W\d", fullmatch=True), min_size=4).map("".join)
)
def test_what_is_known_is_hidden_wherever_it_stands(before: str, after: str, secret: str) -> None:
    secrets = Secrets()
    secrets.know([secret])
    assume("://" not in secret)
    assert hard_to_guess(secret)
    for form in (secret, quote(secret.encode("utf-8", "surrogatepass")), json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        left = secrets.hide(f"{before}{form}{after}")
        outside = Secrets().hide(f"{before}{HIDDEN}{after}")
        assert form not in left or form in outside or form in HIDDEN


def test_of_a_url_that_is_known_the_host_is_shown() -> None:
    secrets = Secrets()
    secrets.know(["https://hooks.example.org/services/T02-4beL7D-9x2?key=a1b2c3d4e5f6"])
    said = secrets.hide("hooks.example.org answers 404 to /services/T02-4beL7D-9x2, ?x=a1b2c3d4e5f6")
    assert said == f"hooks.example.org answers 404 to /services/{HIDDEN}, ?x={HIDDEN}"


def test_what_was_known_before_stays_hidden_for_a_while() -> None:
    secrets = Secrets()
    for number in range(30):
        secrets.know([f"p4S-w9Rd-Xx-{number:02}"])
    said = secrets.hide("p4S-w9Rd-Xx-29 p4S-w9Rd-Xx-20 p4S-w9Rd-Xx-00")
    assert said == f"{HIDDEN} {HIDDEN} p4S-w9Rd-Xx-00"


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "1234",
            "86420135",
            "charger",
            "mosquitto",
            "a1",
            "     1  "[:6],
            "Welcome1",
            "password1",
            "Welcome2024!",
        ),
        *("P@ssw0rd!2024", "Mosquitto-Broker-2024", "a1b2c3d4e5", "correct horse battery staple"),
    ],
)
def test_what_can_be_guessed_is_not_hidden_by_its_value(value: str) -> None:
    """Else whoever looks could try every PIN and password in a path that is refused, and see which one is hidden."""
    assert not hard_to_guess(value)
    secrets = Secrets()
    secrets.know([value])
    assert secrets.hide(f"there is nothing at /{value}") == f"there is nothing at /{value}"


def test_parts_of_a_web_hook_that_can_be_guessed_are_not_hidden_by_their_value() -> None:
    secrets = Secrets()
    secrets.know(["https://ntfy.example.org/garage-24"])
    for text in ("https://ntfy.example.org/garage-24", "https://ntfy.example.org/garage-25", "/garage-24"):
        assert secrets.hide(text) == text


def test_the_case_of_a_secret_is_not_told() -> None:
    secrets = Secrets()
    secrets.know(["k4R-w9Lq2Zx7 Pb3"])
    assert secrets.hide("k4r-w9lq2zx7 pb3") == "k4r-w9lq2zx7 pb3"


def test_a_quoted_secret_is_known_with_escapes_of_either_case() -> None:
    secrets = Secrets()
    secrets.know(["k4R/w9Lq2Zx7?Pb3"])
    assert secrets.hide("k4R%2Fw9Lq2Zx7%3FPb3 k4R%2fw9Lq2Zx7%3fPb3") == f"{HIDDEN} {HIDDEN}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("POST /lcd installer=1234", "POST /lcd installer=***"),
        ("button1=1&installer=1234&x=1", "button1=1&installer=***&x=1"),
        ('{"installer": "1234"}', '{"installer": ***}'),
        ("{'installer': 1234}", "{'installer': ***"),
        ("lcdpin=4321", "lcdpin=***"),
        ("evsed-lcd=abcdefgh0123", "evsed-lcd=***"),
        ("Password=abc def", "Password=***"),
        ("password: abc & def, ghi\nthe next line", "password: ***\nthe next line"),
        ("GET /settings?mqtt_password=abc HTTP/1.1", "GET /settings?mqtt_password=*** HTTP/1.1"),
        ("password='abc def' is refused", "password=*** is refused"),
        ("pin=1234 is refused", "pin=*** is refused"),
    ],
)
def test_of_a_named_secret_nothing_is_left(text: str, left: str) -> None:
    assert hide(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Charging: 3 phases, 16 A",
        "basic settings are kept, bearer of news",
        "the installer's PIN was set",
        "the owner's password is wrong",
        "board.pins: contactor1 is on GPIO 22; pilot pin 12",
        "a token evcc with the right to operate was made",
        "SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "mqtt.link: MQTT broker 10.0.0.9:1883 from now on",
        "http://192.168.1.20:80/settings is served",
        "/usr/lib/python3/site-packages/evsed/api/v1/events.py",
        "evsed.api.firmware.posted_settings_of_the_charger_is",
        gate._LOG_IN,
        gate._NEEDS_INSTALLER,
        gate._NEEDS_OWNER,
        "GET /: '10.0.0.7' is refused: Authorization: Basic takes owner:PASSWORD or installer:PIN",
        "spin=3 mapping=4 monkey: 5 bypass=on",
        "the installer: who wired it; reinstaller=5",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hide(text) == text


def test_a_private_key_is_hidden_whole_or_cut_off() -> None:
    begin = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI" + MARK
    assert hide(f"a {begin}\n-----END EC PRIVATE KEY----- b") == f"a {HIDDEN} b"
    assert hide(f"a {begin}") == f"a {HIDDEN}"


@given(st.text())
def test_nothing_moves_a_terminal_s_cursor_but_line_feeds(text: str) -> None:
    shown = Secrets().hide(text)
    assert all(line.isprintable() for line in shown.split("\n"))


def test_escapes_are_shown() -> None:
    assert harmless("\x1b[2Ja\tb\r\n\u202ec\x9b") == "\\x1b[2Ja    b\\r\n\\u202ec\\x9b"


@settings(deadline=None)
@given(st.text(st.sampled_from("pin=password:\"\\'@/&{ basicauthorization-_AZ09"), max_size=8_000))
def test_in_a_long_line_of_such_signs_a_secret_is_hidden_all_the_same(text: str) -> None:
    """Every pattern reads on: what begins like a secret and is none takes nothing from the one behind it."""
    assert MARK not in hide(f"{text} password={MARK}, and so on")
