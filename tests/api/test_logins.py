"""What a browser's cookie is good for, and how long."""

import pytest

from evsed import credentials
from evsed.access import Access, Kind, Right
from evsed.api.logins import INSTALLER_S, MOST, OWNER_S, Logins

PIN, PASSWORD = "2468", "correct horse"


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setattr(credentials, "_N", 2)
    access = Access()
    access.set_pin(PIN)
    access.set_password(PASSWORD)
    return access


def test_the_owner_is_in_for_thirty_days_without_a_look(access: Access) -> None:
    logins = Logins(access)
    cookie = logins.open(Kind.OWNER, 0)
    assert logins.right(cookie, OWNER_S - 1) is Right.OPERATE
    assert logins.right(cookie, 2 * OWNER_S - 2, uses=False) is Right.OPERATE
    assert logins.right(cookie, 2 * OWNER_S) is Right.NOTHING
    assert logins.right(cookie, 1) is Right.NOTHING, "and that was it"
    for none in ("", "x", cookie[:-1]):
        assert logins.right(none, 0) is Right.NOTHING


def test_the_installer_is_one_while_he_changes_things_and_the_owner_after_that(access: Access) -> None:
    logins = Logins(access)
    cookie = logins.open(Kind.INSTALLER, 0, logins.open(Kind.OWNER, 0))
    assert logins.right(cookie, INSTALLER_S - 1, changes=True) is Right.INSTALL
    assert logins.right(cookie, INSTALLER_S + 1) is Right.INSTALL
    assert logins.right(cookie, 2 * INSTALLER_S) is Right.OPERATE, "to look is no work"
    assert logins.right(cookie, 2 * INSTALLER_S + 1, changes=True) is Right.OPERATE


def test_an_installer_who_did_not_give_the_password_is_not_the_owner_after_that(access: Access) -> None:
    logins = Logins(access)
    cookie = logins.open(Kind.INSTALLER, 0)
    assert logins.right(cookie, INSTALLER_S - 1) is Right.INSTALL
    assert logins.right(cookie, INSTALLER_S) is Right.NOTHING
    assert logins.right(cookie, INSTALLER_S - 1) is Right.NOTHING, "and that was it"


def test_an_owner_becomes_the_installer_and_stays_the_owner_when_the_pin_is_another(access: Access) -> None:
    logins = Logins(access)
    owner = logins.open(Kind.OWNER, 0)
    both = logins.open(Kind.INSTALLER, 1, owner)
    assert logins.right(owner, 1) is Right.NOTHING, "it has another cookie now"
    assert logins.right(both, 1) is Right.INSTALL
    access.set_pin("86420")
    assert logins.right(both, 1) is Right.OPERATE
    access.set_password(None)
    assert logins.right(both, 1) is Right.NOTHING


def test_the_same_secret_set_again_ends_its_logins(access: Access) -> None:
    logins = Logins(access)
    cookie = logins.open(Kind.INSTALLER, 0)
    access.set_password("another one")
    assert logins.right(cookie, 0) is Right.INSTALL
    access.set_pin(PIN)
    assert logins.right(cookie, 0) is Right.NOTHING


def test_logging_out(access: Access) -> None:
    logins = Logins(access)
    cookie, other = logins.open(Kind.OWNER, 0), logins.open(Kind.OWNER, 0)
    logins.close(cookie)
    logins.close("unknown")
    assert (logins.right(cookie, 0), logins.right(other, 0)) == (Right.NOTHING, Right.OPERATE)


def test_logins_without_end_take_bounded_memory_and_the_oldest_goes(access: Access) -> None:
    logins = Logins(access)
    cookies = [logins.open(Kind.OWNER, now_s) for now_s in range(MOST + 5)]
    valid = [logins.right(cookie, MOST + 5, uses=False) is Right.OPERATE for cookie in cookies]
    assert valid == [False] * 5 + [True] * MOST
    assert len(logins._logins) == MOST
    for secret in (cookies[-1], PASSWORD):
        assert secret not in repr(logins._logins)
