"""Who may set PIN, password and tokens over a real server, and that the last way in stays."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from evsed.config import Installation, Mqtt
from evsed.core.events import Verdict
from evsed.runtime import BUSY
from tests.api.door import PASSWORD, PIN, Door, basic
from tests.api.served import Charger, Served, as_root
from tests.scenarios.simulation import PATIENCE_S, wait_for
from tests.scenarios.simulation import Answer as Response


def test_the_owner_s_password_is_set_by_the_installer_and_then_by_the_owner(door: Door) -> None:
    door.access.set_password(None)
    first, second = {"password": "first password"}, {"password": "second password"}
    installer = basic("installer", PIN)
    for headers in ({}, {"Authorization": door.charger.token("operate")}):
        assert door.ask("PUT", "/api/v1/access/password", first, **headers).status == 403
    answer = door.ask("PUT", "/api/v1/access/password", first, Authorization=installer)
    assert answer.json["password_set"] is True
    for headers in ({}, {"Authorization": door.charger.token("operate")}):
        assert door.ask("PUT", "/api/v1/access/password", second, **headers).status == 403
        assert door.ask("DELETE", "/api/v1/access/password", **headers).status == 403
    owner = basic("owner", "first password")
    assert door.ask("PUT", "/api/v1/access/password", second, Authorization=owner).status == 200
    assert door.right(Authorization=owner) == "401"
    assert door.ask("DELETE", "/api/v1/access/password", Authorization=installer).json["password_set"] is False


def test_who_is_neither_owner_nor_installer_locks_nobody_out(door: Door) -> None:
    """Login, On and Off, and the password that would be asked for, are theirs; the refusal says what to do first."""
    for headers in ({}, {"Authorization": door.charger.token("operate")}):
        for login in ("On", "Off"):
            answer = door.ask("PATCH", "/api/v1/settings", {"login": login}, **headers)
            assert (answer.status, answer.json["errors"][0]["pointer"]) == (403, "#/login")
    door.access.set_password(None)
    door.access.set_pin(None)
    for method, path, body in (
        ("PUT", "/api/v1/access/password", {"password": "first password"}),
        ("PATCH", "/api/v1/settings", {"login": "On"}),
    ):
        answer = door.ask(method, path, body)
        assert answer.status == 403
        assert "INST PIN in the menu" in answer.json["detail"]
    assert not door.access.password_set
    assert not door.charger.site.login_on


def test_a_token_may_do_no_more_than_who_makes_it(door: Door) -> None:
    owner, installer = (
        {"Authorization": basic(name, secret)} for name, secret in (("owner", PASSWORD), ("installer", PIN))
    )
    made = door.ask("POST", "/api/v1/access/tokens", {"name": "evcc", "right": "operate"}, **owner)
    assert (made.json["name"], made.json["right"], made.headers["Cache-Control"]) == ("evcc", "operate", "no-store")
    assert door.right(Authorization=f"Bearer {made.json['token']}") == "operate"
    wish = {"name": "fitter", "right": "install"}
    assert door.ask("POST", "/api/v1/access/tokens", wish, **owner).status == 403
    assert door.ask("POST", "/api/v1/access/tokens", wish, **installer).status == 200
    told = door.ask("GET", "/api/v1/access").json["tokens"]
    assert [sorted(token) for token in told] == [["created", "name", "right"]] * 2
    assert door.ask("DELETE", "/api/v1/access/tokens/fitter", **owner).status == 403
    assert door.ask("DELETE", "/api/v1/access/tokens/nobody", **owner).status == 404
    assert door.ask("DELETE", "/api/v1/access/tokens/EVCC", **owner).status == 200
    assert door.right(Authorization=f"Bearer {made.json['token']}") == "401"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("pin", {"pin": "12"}, "#/pin"),
        ("pin", {"pin": 1234}, "#/pin"),
        ("password", {"password": "short"}, "#/password"),
        ("tokens", {"name": "a/b", "right": "read"}, "#/name"),
        ("tokens", {"name": "a", "right": "all"}, None),
        ("tokens", {"name": "a"}, None),
    ],
)
def test_what_is_no_credential_is_not_set(door: Door, path: str, body: object, pointer: str | None) -> None:
    method = "POST" if path == "tokens" else "PUT"
    answer = door.ask(method, f"/api/v1/access/{path}", body, Authorization=basic("installer", PIN))
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json.get("errors", [])] == ([pointer] if pointer else [])
    assert "short" not in answer.body.decode()


def test_with_login_on_the_last_way_in_stays(door: Door) -> None:
    door.login(1)
    installer = {"Authorization": basic("installer", PIN)}
    assert door.ask("DELETE", "/api/v1/access/password", **installer).status == 200
    for method, path, body in (
        ("DELETE", "/api/v1/access/pin", None),
        ("PATCH", "/api/v1/settings", {"installer_pin": 0}),
    ):
        answer = door.ask(method, path, body, **installer)
        assert answer.status in {409, 422}
        assert "the last way in" in answer.json["detail"]
    door.login(0)
    assert door.ask("DELETE", "/api/v1/access/pin", **installer).json["installer_pin_set"] is False
    assert not door.access.anybody
    refused = as_root_asks(door, {"login": "On"})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "#/login")


def as_root_asks(door: Door, changes: dict[str, object]) -> Response:
    with Served(as_root(door.charger.app), door.charger.refusals) as served:
        return Door(door.charger, served).ask("PATCH", "/api/v1/settings", changes)


def test_a_token_that_may_not_install_is_no_way_in(door: Door) -> None:
    installer = {"Authorization": basic("installer", PIN)}
    door.charger.token("operate")
    door.charger.token("read")
    door.access.set_password(None)
    door.login(1)
    assert door.ask("DELETE", "/api/v1/access/pin", **installer).status == 409
    assert door.ask("DELETE", "/api/v1/access/tokens/operate%200", **installer).status == 200, "it is none to lose"
    door.charger.token("install")
    assert door.ask("DELETE", "/api/v1/access/pin", **installer).status == 200


def test_what_counts_is_who_can_log_in_when_all_of_a_request_is_done(door: Door) -> None:
    door.access.set_password(None)
    installer = {"Authorization": basic("installer", PIN)}
    refused = door.ask("PATCH", "/api/v1/settings", {"installer_pin": 0, "login": "On"}, **installer)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "#/installer_pin")
    assert door.access.pin_set
    door.login(1)
    taken = door.ask("PATCH", "/api/v1/settings", {"installer_pin": 0, "login": "Off"}, **installer)
    assert (taken.status, taken.json["login"]["value"], taken.json["installer_pin"]["value"]) == (200, "Off", 0)
    taken = as_root_asks(door, {"installer_pin": 1357, "login": "On"})
    assert (taken.status, taken.json["login"]["value"], taken.json["installer_pin"]["value"]) == (200, "On", None)


def test_of_two_who_take_the_last_two_ways_in_at_once_one_is_refused(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first waits in the middle of it until the second has had every chance."""
    door.login(1)
    installer = {"Cookie": door.log_in(pin=PIN)}
    begun, go_on = threading.Event(), threading.Event()
    set_password = door.access.set_password

    def slowly(password: str | None) -> None:
        begun.set()
        assert go_on.wait(PATIENCE_S)
        set_password(password)

    monkeypatch.setattr(door.access, "set_password", slowly)
    with ThreadPoolExecutor(2) as two:
        first = two.submit(door.ask, "DELETE", "/api/v1/access/password", **installer)
        assert begun.wait(PATIENCE_S)
        second = two.submit(door.ask, "PATCH", "/api/v1/settings", {"installer_pin": 0}, **installer)
        wait_for(lambda: second.done() or door.charger.site.keys.deciding._waiters, "the second is there")
        go_on.set()
        assert (first.result(PATIENCE_S).status, second.result(PATIENCE_S).status) == (200, 422)
    assert door.access.pin_set


def test_a_pin_that_cannot_be_stored_takes_the_rest_with_it(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pin: str | None) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(door.access, "set_pin", refuse)
    installer = {"Authorization": basic("installer", PIN)}
    before = door.charger.runtime.snapshot.settings
    assert before.current_max != 16
    answer = door.ask("PATCH", "/api/v1/settings", {"installer_pin": 1357, "current_max": 16}, **installer)
    assert answer.status == 503
    assert door.charger.runtime.snapshot.settings == before
    assert door.right(**installer) == "install"


def test_what_the_core_refuses_leaves_the_pin_as_it_was(door: Door) -> None:
    installer = {"Authorization": basic("installer", PIN)}
    for pin in (0, 1357):
        wish = {"installer_pin": pin, "mode": "Smart", "mains_meter": "Disabled"}
        assert door.ask("PATCH", "/api/v1/settings", wish, **installer).status == 422
        assert door.right(**installer) == "install"


def test_a_pin_that_may_be_needed_stays_when_nobody_knows_what_was_done(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_command: object) -> Future[Verdict]:
        answer: Future[Verdict] = Future()
        answer.set_result(BUSY)
        return answer

    monkeypatch.setattr(door.charger.runtime, "submit", lost)
    for pin, stays in ((0, PIN), (1357, "1357")):
        wish = {"installer_pin": pin, "current_max": 16}
        assert door.ask("PATCH", "/api/v1/settings", wish, Authorization=basic("installer", PIN)).status == 503
        assert door.right(Authorization=basic("installer", stays)) == "install"


def test_login_on_says_who_operates_the_charger_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    charger = Charger(installation=Installation(mqtt=Mqtt(host="broker.example")))
    token = charger.token()
    with charger, Served(charger.app, charger.refusals) as served:
        wait_for(lambda: charger.runtime.snapshot.unix_s, "the control loop has begun")
        door = Door(charger, served)
        for login in ("On", "On", "Off"):
            assert door.ask("PATCH", "/api/v1/settings", {"login": login}, Authorization=token).status == 200
    assert caplog.text.count("may write at the broker broker.example:1883 still operates") == 1


def test_until_there_is_a_pin_the_network_changes_nothing_of_the_installation(door: Door) -> None:
    door.access.set_pin(None)
    answer = door.ask("PATCH", "/api/v1/settings", {"current_max": 16, "mode": "Smart"})
    assert answer.status == 403
    assert "INST PIN in the menu" in answer.json["detail"]
    assert door.right(Authorization=basic("installer", PIN)) == "401"
    assert door.ask("DELETE", "/erasesettings").json["detail"].startswith("no installer's PIN is set yet")


def test_the_installer_s_pin_is_a_setting_that_is_never_told(door: Door) -> None:
    installer = {"Authorization": basic("installer", PIN)}
    changed = door.ask("PATCH", "/api/v1/settings", {"installer_pin": 42, "current_max": 16}, **installer)
    assert (changed.json["installer_pin"]["value"], changed.json["current_max"]["value"]) == (None, 16)
    assert door.right(Authorization=basic("installer", "0042")) == "install"
    assert door.right(Authorization=basic("installer", PIN)) == "401"
    installer = {"Authorization": basic("installer", "42")}
    refused = door.ask("PATCH", "/api/v1/settings", {"installer_pin": 1357, "current_max": 999}, **installer)
    assert refused.status == 422
    assert door.right(**installer) == "install", "all or nothing"
    removed = door.ask("PATCH", "/api/v1/settings", {"installer_pin": 0}, **installer)
    assert removed.json["installer_pin"]["value"] == 0


def test_erasing_the_settings_leaves_the_credentials(door: Door) -> None:
    assert door.ask("DELETE", "/erasesettings", Authorization=basic("installer", PIN)).status == 200
    assert (door.access.pin_set, door.access.password_set) == (True, True)
