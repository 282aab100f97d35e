"""One post against real servers, of which some do not behave."""

import socket
import ssl
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from evsed.alerts.post import OWN_PORT, brief, place, post
from tests.alerts.receiver import Raw, Receiver
from tests.scenarios.broker import Authority
from tests.scenarios.simulation import free_port

BODY = b'{"code":"rcm"}'


def test_a_post_has_its_body_and_says_who_it_is() -> None:
    with Receiver(204) as receiver:
        outcome = post(f"http://me:a%20b@127.0.0.1:{receiver.port}/hook/x?key=hush#part", BODY)
    path, headers, document = receiver.posted[0]
    assert (outcome.taken, outcome.answer) == (True, "204")
    assert (path, document) == ("/hook/x?key=hush", {"code": "rcm"})
    assert (headers["Content-Type"], headers["Host"]) == ("application/json", f"127.0.0.1:{receiver.port}")
    assert headers["Authorization"] == "Basic bWU6YSBi"
    assert headers["User-Agent"].startswith("evsed/")


@pytest.mark.parametrize(
    ("status", "says"), [(500, "does not take"), (403, "key or a password"), (404, "no such"), (429, "fewer")]
)
def test_a_refusal_says_its_status(status: int, says: str) -> None:
    with Receiver(status) as receiver:
        outcome = post(receiver.url, BODY)
    assert not outcome.taken
    assert outcome.answer.startswith(f"{status}: ")
    assert says in outcome.answer


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as target, Receiver(307, target.url) as receiver:
        outcome = post(receiver.url, BODY)
    assert outcome.answer == "307: it has moved, and redirects are not followed"
    assert (len(receiver.posted), target.posted) == (1, [])


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.url, BODY).taken
        assert proxy.posted == []


def _hangs(_end: socket.socket, over: threading.Event) -> None:
    over.wait()


def _drips(end: socket.socket, over: threading.Event) -> None:
    """A byte now and then, so that no single wait is a long one."""
    end.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.wait(0.02):
        end.sendall(b"X: y\r\n" if over.is_set() else b"X")


def _interims(end: socket.socket, over: threading.Event) -> None:
    while not over.wait(0.01):
        end.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("deed", [_hangs, _drips, _interims])
def test_a_server_that_takes_its_time_is_given_up(deed: object) -> None:
    begun = time.monotonic()
    with Raw(deed) as server:  # type: ignore[arg-type]
        outcome = post(server.url, BODY, within_s=0.3)
    assert outcome.answer == "no answer within 10 s"
    assert time.monotonic() - begun >= 0.3


def test_the_answer_s_body_is_not_waited_for() -> None:
    def begins(end: socket.socket, over: threading.Event) -> None:
        end.recv(65_536)
        end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nsecret")
        over.wait()

    with Raw(begins) as server:
        outcome = post(server.url, BODY)
    assert (outcome.taken, outcome.answer) == (True, "200")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "does not answer as a web server"),
        (b"\xff\x00\r\n\r\n", "does not answer as a web server"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "does not answer as a web server"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, "does not answer as a web server"),
    ],
)
def test_what_is_no_http_is_told(answer: bytes, says: str) -> None:
    def say(end: socket.socket, _over: threading.Event) -> None:
        end.recv(65_536)
        end.sendall(answer)
        end.shutdown(socket.SHUT_WR)
        end.recv(65_536)

    with Raw(say) as server:
        assert says in post(server.url, BODY).answer


def test_nobody_there_is_told() -> None:
    outcome = post(f"http://127.0.0.1:{free_port()}/hush", BODY)
    assert outcome.answer == "it cannot be reached: Connection refused"


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http://:80/",
        "http://host:99999/",
        "http://[::1",
        "ftp://host/",
        "http://a..b/",
        "http://" + "x" * 80,
    ],
)
def test_what_is_no_address_is_told_and_nothing_is_given_away(address: str) -> None:
    outcome = post(address, BODY)
    assert not outcome.taken
    assert outcome.answer.startswith(("this is no address", "it cannot be reached"))


def test_only_scheme_and_host_are_ever_said() -> None:
    assert place("https://me:pin@hooks.example.org:8443/secret?key=1") == "https://hooks.example.org"
    assert place("http://[fe80::1]/x") == "http://fe80::1"
    assert place("http://[::1") == "the web hook"
    assert place("") == "the web hook"


def test_https_proves_who_it_is(tmp_path: Path) -> None:
    house, stranger = Authority(tmp_path, "house").found(), Authority(tmp_path, "stranger").found()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*house.certify("hook", "127.0.0.1"))
    with Receiver(context=context) as receiver:
        url = f"https://127.0.0.1:{receiver.port}/hook"
        assert post(url, BODY, context=partial(ssl.create_default_context, cafile=str(house.ca))).answer == "200"
        refused = post(url, BODY, context=partial(ssl.create_default_context, cafile=str(stranger.ca)))
        assert refused.answer.startswith("it does not prove who it is: ")
        assert not post(url, BODY).taken, "nobody trusts the house by default"
        named = post(url.replace("127.0.0.1", "localhost"), BODY,
                     context=partial(ssl.create_default_context, cafile=str(house.ca)))  # fmt: skip
        assert named.answer.startswith("it does not prove who it is: ")
    assert len(receiver.posted) == 1


def test_tls_to_whom_does_not_speak_it_is_told() -> None:
    with Receiver() as receiver:
        outcome = post(receiver.url.replace("http:", "https:"), BODY)
    assert outcome.answer.startswith("it cannot be spoken to with TLS: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "localhost", "[::ffff:127.0.0.1]"])  # noqa: S104
def test_nothing_is_posted_to_the_charger_s_own_ports(host: str) -> None:
    with Receiver() as receiver:
        outcome = post(f"http://{host}:{receiver.port}/", BODY, own_ports=frozenset({receiver.port}))
    assert (outcome.taken, outcome.answer, receiver.posted) == (False, OWN_PORT, [])


def test_another_program_s_port_on_this_machine_is_no_port_of_the_charger() -> None:
    with Receiver() as receiver:
        assert post(receiver.url, BODY, own_ports=frozenset({80, 8080})).taken


def test_a_port_with_the_charger_s_number_elsewhere_is_not_the_charger_s() -> None:
    outcome = post("http://192.0.2.1:81/", BODY, 0.2, own_ports=frozenset({81}))
    assert outcome.answer != OWN_PORT


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("204", "taken (2xx)"),
        ("404: it knows no such address", "not taken (4xx)"),
        ("307: it has moved, and redirects are not followed", "not taken (3xx)"),
        ("it cannot be reached: Connection refused", "not taken"),
        ("no answer within 10 s", "not taken"),
        ("", ""),
        (OWN_PORT, OWN_PORT),
    ],
)
def test_in_few_words_it_is_not_told_what_listens_where(answer: str, told: str) -> None:
    assert brief(answer) == told
