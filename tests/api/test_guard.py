"""Who may ask, without a server."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from evsed.api.guard import Guard, is_no_path, judge, names_of
from evsed.api.refusals import Refusals

NAMES = names_of(1234, "Garage", ["Charger.Example.org"])


def refused(method: str, host: str | None, origin: str | None = None) -> str:
    """The header because of which the request is refused; empty when it is not."""
    headers = [(b"host", host.encode("latin-1"))] if host is not None else []
    headers += [(b"origin", origin.encode("latin-1"))] if origin is not None else []
    found = judge(method, headers, NAMES)
    return "" if found is None else found.header


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    "host",
    [
        None, "192.168.1.20", "192.168.1.20:8080", "127.0.0.1:8080", "[::1]", "[::1]:8080", "[fe80::1%eth0]:80",
        "[::ffff:192.168.1.20]", "localhost", "localhost:8080", "LOCALHOST", "localhost.", "smartevse-1234.local",
        "SmartEVSE-1234.local.", "smartevse-9a3f.lan:80", "smartevse-9a3f", "anything.local", "a.b.lan",
        "garage", "GARAGE:8080", "smartevse-1234", "charger.example.org", "charger.example.org:8443",
        "CHARGER.example.ORG.",
    ],
)  # fmt: skip
def test_scripts_may_ask_by_every_name_of_the_charger(method: str, host: str | None) -> None:
    assert refused(method, host) == ""


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8080", "example.org", "www.charger.example.org", "charger.example.org.evil.com",
        "local", ".local", "lan", ".lan:80", "evillocal", "x.local.evil.com", "localhost.evil.com", "1234", "127.1",
        "0x7f.0.0.1", "2130706433", "127.0.0.1.evil.com", "127.0.0.1@evil.com", "evil.com/127.0.0.1", "127.0.0.1:x",
        "::1", "[::1", "[evil]", "[127.0.0.1]", "", " ", "127.0.0.1:80:80", "smartevse-1234.evil.com",
        "garage.evil.com", "smartevse-12345", "smartevse-9a3g", "127.0.0.1,evil.com", "\xff\xfe", "127.0.0.1:123456",
    ],
)  # fmt: skip
def test_other_names_are_refused_for_reading_too(method: str, host: str) -> None:
    assert refused(method, host) == "Host"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("192.168.1.20", "http://192.168.1.20"),
        ("192.168.1.20:80", "http://192.168.1.20"),
        ("192.168.1.20:8080", "http://192.168.1.20:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("smartevse-1234.local", "http://SmartEVSE-1234.local"),
        ("charger.example.org", "https://charger.example.org"),  # TLS ends at the owner's proxy
        ("charger.example.org:443", "https://charger.example.org"),
        ("192.168.1.20", "https://charger.example.org"),  # a proxy that writes its own Host
        ("192.168.1.20", "https://charger.example.org:8443"),
    ],
)
def test_the_chargers_own_page_may_change_things(host: str, origin: str) -> None:
    assert refused("POST", host, origin) == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW", "post", ""])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "null", "", "http://192.168.1.21:8080", "http://192.168.1.20", "http://192.168.1.20:8123",
        "http://192.168.1.20:8080.evil.com", "http://192.168.1.20:8080@evil.com", "http://evil.com/192.168.1.20:8080",
        "//192.168.1.20:8080", "192.168.1.20:8080", "file://", "chrome-extension://abcdef", "http://[", "http://\xff",
        "http://smartevse-1234.local", "http://evil.com, http://192.168.1.20:8080", "http://192.168.1.20:8080:8080",
    ],
)  # fmt: skip
def test_foreign_pages_change_nothing(method: str, origin: str) -> None:
    assert refused(method, "192.168.1.20:8080", origin) == "Origin"


@pytest.mark.parametrize(
    ("scheme", "host", "origin", "why"),
    [
        ("http", "192.168.1.20", "http://192.168.1.20:80", ""),
        ("https", "192.168.1.20", "https://192.168.1.20", ""),
        ("https", "192.168.1.20:443", "https://192.168.1.20", ""),
        ("https", "192.168.1.20:8443", "https://192.168.1.20:8443", ""),
        ("http", "192.168.1.20", "https://192.168.1.20", "Origin"),  # another server of that machine
        ("https", "192.168.1.20", "http://192.168.1.20", "Origin"),
        ("https", "192.168.1.20:80", "http://192.168.1.20", "Origin"),
        ("https", "smartevse-1234.local", "https://smartevse-1234.local:80", "Origin"),
        ("http", "charger.example.org", "https://charger.example.org", ""),  # a proxy of the owner
    ],
)
def test_a_page_of_the_same_machine_s_other_port_is_foreign(scheme: str, host: str, origin: str, why: str) -> None:
    found = judge("POST", [(b"host", host.encode()), (b"origin", origin.encode())], NAMES, scheme)
    assert ("" if found is None else found.header) == why


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_foreign_pages_may_read_what_is_no_secret(method: str) -> None:
    assert refused(method, "192.168.1.20", "https://evil.example") == ""


def test_one_foreign_header_among_several_is_enough() -> None:
    ours = (b"origin", b"http://192.168.1.20")
    headers = [(b"host", b"192.168.1.20"), ours, (b"origin", b"https://evil.example")]
    assert judge("POST", headers[:2], NAMES) is None
    assert judge("POST", headers, NAMES) is not None
    assert judge("GET", [(b"host", b"192.168.1.20"), (b"host", b"evil.example")], NAMES) is not None


def test_a_charger_without_names_of_its_own_still_has_addresses() -> None:
    nameless = names_of(0, "", [])
    assert judge("GET", [(b"host", b"10.0.0.1")], nameless) is None
    assert judge("GET", [(b"host", b"")], nameless) is not None


@given(st.sampled_from(["GET", "POST"]), st.binary(max_size=40), st.binary(max_size=40))
def test_nothing_raises(method: str, host: bytes, origin: bytes) -> None:
    """And what gets in has a Host that is ours."""
    if judge(method, [(b"host", host), (b"origin", origin)], NAMES) is None:
        assert judge("GET", [(b"host", host)], NAMES) is None


def ask(path: str, headers: list[tuple[bytes, bytes]], refusals: Refusals) -> tuple[list[Message], int]:
    """What a POST to ``path`` is answered, and how often something was read of its body."""
    sent: list[Message] = []
    reads = 0

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        nonlocal reads
        reads += 1
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(Guard(app, NAMES, refusals)(scope, receive, send))
    return sent, reads


def test_the_refusal_says_what_to_do_and_is_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals()
    answers = [ask("/settings", [(b"host", b"evil.example")], refusals) for _ in range(3)]
    assert [(sent[0]["status"], reads) for sent, reads in answers] == [(403, 0)] * 3
    detail = json.loads(answers[0][0][1]["body"])["detail"]
    assert detail.startswith("Host 'evil.example': this is not a name of this charger")
    assert '[http] names = ["..."]' in detail
    assert refusals.count == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_under_api_v1_it_is_a_problem() -> None:
    (start, body), _ = ask("/api/v1/limit", [(b"host", b"10.0.0.1"), (b"origin", b"null")], Refusals())
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert json.loads(body["body"])["title"] == "Forbidden"


@pytest.mark.parametrize(
    ("path", "raw", "is_no"),
    [
        ("/settings", b"/settings", False),
        ("/api/v1/access/tokens/my car ü%", b"/api/v1/access/tokens/my%20car%20%C3%BC%25", False),
        ("/settings", None, False),
        ("/settings\n", b"/settings%0A", True),
        ("/\x00", b"/%00", True),
        ("/\x7f", b"/%7F", True),
        ("/\x85", b"/%C2%85", True),
        ("/\u2028", b"/%E2%80%A8", True),
        ("/settings", b"/settings\n", True),
        ("/settings", b"/settings ", True),
        ("/settings", b"/sett\xefngs", True),
    ],
)
def test_a_path_that_can_be_read_in_two_ways_is_none(path: str, raw: bytes | None, is_no: bool) -> None:
    assert is_no_path({"path": path, "raw_path": raw}) is is_no


def test_who_may_ask_gets_in() -> None:
    assert ask("/settings", [(b"host", b"10.0.0.1")], Refusals())[0][0]["status"] == 200
