"""The credentials: what may be one, what is kept of them, and what is left when the file is damaged."""

import json
import logging
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsed import access as module
from evsed import credentials
from evsed.access import Access, Kind, Right
from evsed.credentials import MOST_TOKENS, Credentials, DamagedError, canonical_pin, decode, encode, wrong_pin

PIN, PASSWORD = "2468", "correct horse"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_N", 2)


def loaded(directory: Path) -> Access:
    access = Access(directory)
    access.load()
    return access


def full(directory: Path | None = None) -> tuple[Access, str]:
    access = Access(directory)
    access.set_pin(PIN)
    access.set_password(PASSWORD)
    return access, access.add_token("evcc", "operate")


# ---- secrets ----


def test_what_was_set_is_right_and_nothing_else_is() -> None:
    access, token = full()
    assert access.check(Kind.INSTALLER, PIN)
    assert access.check(Kind.INSTALLER, f" {PIN} ")
    assert access.check(Kind.OWNER, PASSWORD)
    for wrong in ("", "1357", "24680", "0", PASSWORD, "２４６８", "\udcff"):
        assert not access.check(Kind.INSTALLER, wrong)
    for wrong in ("", PIN, PASSWORD.upper(), f"{PASSWORD} ", "\udcff"):
        assert not access.check(Kind.OWNER, wrong)
    found = access.token(token)
    assert found is not None
    assert (found.name, found.right) == ("evcc", Right.OPERATE)
    assert [access.token(wrong) for wrong in ("", token[:-1], f"{token} ", "\udcff")] == [None] * 4


def test_nothing_is_right_where_nothing_is_set() -> None:
    access = Access()
    assert not access.check(Kind.INSTALLER, "0000")
    assert not access.check(Kind.OWNER, "")
    assert (access.anybody, access.pin_set, access.password_set, access.ways) == (False, False, False, 0)


@pytest.mark.parametrize(("pin", "same"), [("0042", "42"), ("00000042", "0042"), ("12345", "0012345"), ("7", "0007")])
def test_a_pin_is_a_number_with_four_digits_at_least(pin: str, same: str) -> None:
    assert canonical_pin(pin) == canonical_pin(same) is not None


@given(st.text(max_size=12))
def test_only_four_to_eight_digits_that_are_not_zero_become_a_pin(text: str) -> None:
    good = text.isascii() and text.isdigit() and 4 <= len(text) <= 8 and int(text) > 0
    assert (wrong_pin(text) == "") == good


@pytest.mark.parametrize("pin", ["", "123", "123456789", "0000", "12a4", " 1234", "-1234"])
def test_what_is_no_pin_is_refused_and_the_old_one_stays(pin: str) -> None:
    access, _ = full()
    with pytest.raises(ValueError, match="4 to 8 digits"):
        access.set_pin(pin)
    assert access.check(Kind.INSTALLER, PIN)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 129, "line\nbreak", "\x00" * 9])
def test_what_is_no_password_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="8 to 128"):
        Access().set_password(password)


@pytest.mark.parametrize("name", ["", " ", "x" * 33, "a/b", "EVCC", "-a", "a\n"])
def test_what_is_no_name_of_a_token_is_refused(name: str) -> None:
    access, _ = full()
    with pytest.raises(ValueError, match=r"name takes|already"):
        access.add_token(name, "read")


def test_there_are_so_many_tokens_and_no_more() -> None:
    access = Access()
    tokens = [access.add_token(f"token {number}", "read") for number in range(MOST_TOKENS)]
    with pytest.raises(ValueError, match="remove one first"):
        access.add_token("one more", "read")
    assert access.remove_token("Token 3")
    assert not access.remove_token("Token 3")
    assert [access.token(token) is None for token in tokens].count(True) == 1
    with pytest.raises(ValueError, match="right takes read, operate, install"):
        access.add_token("nobody", "nothing")


def test_a_right_secret_is_remembered_until_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    access, _ = full()
    assert not access.remembers(Kind.INSTALLER, PIN)
    assert access.check(Kind.INSTALLER, PIN)
    assert access.remembers(Kind.INSTALLER, PIN)
    assert not access.remembers(Kind.INSTALLER, "1357")
    assert not access.remembers(Kind.OWNER, PIN)
    monkeypatch.setattr(credentials, "_scrypt", lambda *_: b"")
    assert access.check(Kind.INSTALLER, PIN), "without hashing it again"
    access.set_pin("1357")
    assert not access.remembers(Kind.INSTALLER, PIN)


def test_who_listens_is_told_of_every_change() -> None:
    access = Access()
    seen: list[int] = []
    access.when_changed(lambda: seen.append(access.ways))
    access.set_pin(PIN)
    access.add_token("a", "install")
    access.add_token("b", "operate")
    access.remove_token("a")
    access.set_pin(None)
    assert seen == [0, 1, 2, 2, 1, 0], "a token that may not install is no way in"


def test_secrets_are_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    access, token = full()
    access.check(Kind.INSTALLER, PIN)
    shown = repr(access._credentials) + repr(access.tokens) + caplog.text
    for secret in (PIN, PASSWORD, token, credentials.digest(token).hex()):
        assert secret not in shown


# ---- the file ----


def test_what_is_kept_is_hashed_and_for_us_alone(tmp_path: Path) -> None:
    _, token = full(tmp_path)
    for name in ("access.json", "access.json.previous"):
        file = tmp_path / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        text = file.read_text()
        assert json.loads(text)["schema"] == 1
        for secret in (PIN, PASSWORD, token):
            assert secret not in text
    again = loaded(tmp_path)
    assert again.check(Kind.INSTALLER, PIN)
    assert again.check(Kind.OWNER, PASSWORD)
    assert again.token(token)


def test_what_was_taken_away_does_not_come_back_with_the_other_copy(tmp_path: Path) -> None:
    access, token = full(tmp_path)
    access.remove_token("evcc")
    (tmp_path / "access.json").write_text("{")
    again = loaded(tmp_path)
    assert again.token(token) is None
    assert again.check(Kind.INSTALLER, PIN)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"schema": 0}', '{"schema": true}', "\udcff"])
def test_a_damaged_file_is_put_aside_and_the_other_copy_used(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    full(tmp_path)
    (tmp_path / "access.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert loaded(tmp_path).check(Kind.OWNER, PASSWORD)
    assert (tmp_path / "access.json.damaged").exists()
    assert "last good copy of the credentials" in caplog.text


def test_without_a_good_copy_nobody_has_credentials_and_it_says_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    full(tmp_path)
    for name in ("access.json", "access.json.previous"):
        (tmp_path / name).write_text("{}")
    access = loaded(tmp_path)
    assert not access.anybody
    assert "INST PIN in the menu" in caplog.text
    access.set_pin("1357")
    assert loaded(tmp_path).check(Kind.INSTALLER, "1357")


def test_the_file_of_a_newer_evsed_is_kept_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "access.json").write_text('{"schema": 2, "keys": []}')
    assert not loaded(tmp_path).anybody
    assert (tmp_path / "access.json.schema2").read_text() == '{"schema": 2, "keys": []}'
    assert "a newer evsed wrote it" in caplog.text


def changed(**fields: Any) -> str:
    return json.dumps(json.loads(encode(full()[0]._credentials)) | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"tokens": None}, {"tokens": [{}]}, {"tokens": [1]}, {"password": 1}, {"installer_pin": {"salt": "00"}},
        {"password": {"scrypt": {"n": 2**20, "r": 8, "p": 1}, "salt": "00" * 16, "hash": "00" * 32}},
        {"password": {"scrypt": {"n": 3, "r": 8, "p": 1}, "salt": "00" * 16, "hash": "00" * 32}},
        {"password": {"scrypt": {"n": 16, "r": 8, "p": 1}, "salt": "0g" * 16, "hash": "00" * 32}},
        {"tokens": [{"name": "a", "right": "all", "created": "", "sha256": "00" * 32}]},
        {"tokens": [{"name": "a", "right": "read", "created": "", "sha256": "00" * 32}] * 2},
    ],
)  # fmt: skip
def test_what_is_in_part_no_credentials_is_none_of_them(fields: dict[str, Any]) -> None:
    with pytest.raises(DamagedError):
        decode(changed(**fields))


def test_what_was_written_is_read() -> None:
    kept = full()[0]._credentials
    assert decode(encode(kept)) == kept
    assert decode(encode(Credentials())) == Credentials()


def test_what_cannot_be_written_is_not_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access, _ = full(tmp_path)

    def refuse(*_: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "replace_text", refuse)
    with pytest.raises(OSError, match="No space"):
        access.set_pin("1357")
    assert access.check(Kind.INSTALLER, PIN)
    assert loaded(tmp_path).check(Kind.INSTALLER, PIN)


# ---- from the unit, and from an older evsed ----


def test_the_pin_of_the_unit_is_kept_soon_and_by_another_thread(tmp_path: Path) -> None:
    access = Access(tmp_path)
    threads: list[str] = []
    access.when_changed(lambda: threads.append(threading.current_thread().name))
    access.keep_later(42)
    access.close()
    assert threads[-1].startswith("access")
    assert loaded(tmp_path).check(Kind.INSTALLER, "0042")
    again = loaded(tmp_path)
    again.keep_later(0)
    again.close()
    assert not loaded(tmp_path).pin_set


def test_a_pin_of_the_unit_that_cannot_be_kept_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    access = Access(tmp_path / "nowhere")
    access.keep_later(2468)
    access.close()
    assert "could not be kept" in caplog.text
    assert "2468" not in caplog.text


def test_the_pin_of_evsed_toml_is_taken_over_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    access = Access(tmp_path)
    access.take_over("86420135")
    assert access.check(Kind.INSTALLER, "86420135")
    assert "delete it there" in caplog.text
    assert "86420135" not in caplog.text + (tmp_path / "access.json").read_text()
    access.set_pin(None)
    again = loaded(tmp_path)
    again.take_over("86420135")
    assert not again.pin_set, "somebody has removed it since"


def test_the_pin_of_evsed_toml_does_not_replace_one_that_was_set() -> None:
    access, _ = full()
    access.take_over("86420135")
    access.take_over("")
    assert access.check(Kind.INSTALLER, PIN)
    bare = Access()
    bare.take_over("0000")
    assert not bare.pin_set
