"""How secrets are judged, and what guesses cost, without a server."""

import asyncio
from pathlib import Path

import pytest

from evsed import credentials
from evsed.access import Access, Kind
from evsed.api.gate import Answer, Keys
from evsed.api.guesses import Guesses
from evsed.api.tries import FREE_OF_ALL, FREE_TRIES

PIN, PASSWORD = "2468", "correct horse"
HERE, THERE = "192.0.2.1", "192.0.2.2"


def judged(keys: Keys, *given: tuple[str, str], kind: Kind = Kind.INSTALLER) -> list[Answer]:
    """The answers to PINs from addresses, all given at once."""

    async def all_of_them() -> list[Answer]:
        return await asyncio.gather(*(keys.judge(kind, pin, address) for pin, address in given))

    return asyncio.run(all_of_them())


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    monkeypatch.setattr(credentials, "_N", 2)
    access = Access()
    access.set_pin(PIN)
    access.set_password(PASSWORD)
    return Keys(access, lambda: 0.0)


def test_guesses_at_the_same_time_count_one_by_one(keys: Keys) -> None:
    answers = judged(keys, *[("1357", HERE)] * 6)
    assert answers == [Answer.WRONG] * FREE_TRIES + [Answer.WAIT] * (6 - FREE_TRIES)
    assert judged(keys, (PIN, HERE), (PIN, THERE)) == [Answer.WAIT, Answer.RIGHT]


def test_more_than_can_be_hashed_are_not_kept_waiting(keys: Keys) -> None:
    answers = judged(keys, *[(PIN, f"10.0.0.{host}") for host in range(20)])
    assert answers == [Answer.RIGHT] * 8 + [Answer.WAIT] * 12
    assert judged(keys, (PIN, HERE)) == [Answer.RIGHT]


def test_a_remembered_pin_opens_nothing_for_who_has_to_wait(keys: Keys) -> None:
    assert judged(keys, (PIN, HERE)) == [Answer.RIGHT]
    judged(keys, *[("1357", THERE)] * FREE_TRIES)
    assert judged(keys, (PIN, THERE), (PIN, HERE)) == [Answer.WAIT, Answer.RIGHT]


def test_many_addresses_are_braked_together_but_not_one_that_was_right_before(keys: Keys) -> None:
    assert judged(keys, (PIN, HERE)) == [Answer.RIGHT]
    for host in range(FREE_OF_ALL):
        assert judged(keys, ("1357", f"10.0.0.{host}")) == [Answer.WRONG]
    assert judged(keys, (PIN, THERE), (PIN, HERE)) == [Answer.WAIT, Answer.RIGHT]
    assert keys.wait_s(THERE) == 300


def test_guesses_of_others_do_not_keep_an_owner_out_who_has_the_password(keys: Keys) -> None:
    for guess in range(FREE_TRIES):
        for host in range(250):
            judged(keys, (f"wrong horse {guess}", f"10.0.0.{host}"), kind=Kind.OWNER)
            judged(keys, ("1357", f"10.0.0.{host}"))
    assert judged(keys, (PASSWORD, HERE), kind=Kind.OWNER) == [Answer.RIGHT]
    assert judged(keys, (PIN, HERE)) == [Answer.WAIT]


def test_who_knows_the_password_may_not_guess_the_pin_with_its_help(keys: Keys) -> None:
    answers = []
    for guess in range(1_000, 1_010):
        answers += judged(keys, (str(guess), HERE))
        judged(keys, (PASSWORD, HERE), kind=Kind.OWNER)
    assert answers == [Answer.WRONG] * FREE_TRIES + [Answer.WAIT] * (10 - FREE_TRIES)


def test_who_was_right_before_does_not_queue_with_those_that_guess(keys: Keys) -> None:
    assert judged(keys, (PIN, HERE)) == [Answer.RIGHT]
    answers = judged(keys, *[("1357", f"10.0.0.{host}") for host in range(60)], (PIN, HERE))
    assert answers[-1] is Answer.RIGHT
    assert answers.count(Answer.WAIT) == 52


def test_nobody_learns_a_remembered_pin_by_many_guesses_at_once(keys: Keys) -> None:
    assert judged(keys, (PIN, HERE)) == [Answer.RIGHT]
    answers = judged(keys, *[("1357", HERE)] * 30, (PIN, HERE))
    assert answers == [Answer.WRONG] * FREE_TRIES + [Answer.WAIT] * (31 - FREE_TRIES)


def test_wrong_pins_are_on_the_disk_when_they_are_answered(keys: Keys, tmp_path: Path) -> None:
    def started() -> Keys:
        guesses = Guesses(tmp_path, lambda: 0.0, lambda: 0.0)
        guesses.load()
        return Keys(keys.access, lambda: 0.0, guesses)

    for host in range(FREE_OF_ALL):
        assert judged(started(), ("1357", f"10.0.0.{host}")) == [Answer.WRONG]
    assert judged(started(), (PIN, HERE)) == [Answer.WAIT]


def test_a_guess_counts_although_nobody_waits_for_its_answer(keys: Keys) -> None:
    async def hang_up() -> None:
        guess = asyncio.create_task(keys.judge(Kind.INSTALLER, "1357", HERE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        guess.cancel()
        with pytest.raises(asyncio.CancelledError):
            await guess

    for _ in range(FREE_TRIES):
        asyncio.run(hang_up())
    assert judged(keys, (PIN, HERE)) == [Answer.WAIT]
