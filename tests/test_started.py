"""Why the daemon was started."""

from evsed.started import Started, begins_anew, why


def test_a_restart_that_was_asked_for_is_told_once() -> None:
    environment: dict[str, str] = {}
    begins_anew(environment)
    assert why("0.11.0", "0.11.0", machine_is_new=True, environment=environment) is Started.ASKED
    assert environment == {}


def test_another_version_before_is_an_update() -> None:
    assert why("0.10.0", "0.11.0", machine_is_new=False, environment={}) is Started.UPDATED
    assert why("", "0.11.0", machine_is_new=False, environment={}) is None


def test_a_machine_that_was_just_started_has_started_the_daemon() -> None:
    assert why("0.11.0", "0.11.0", machine_is_new=True, environment={}) is Started.POWERED


def test_who_does_not_know_says_nothing() -> None:
    assert why("0.11.0", "0.11.0", machine_is_new=False, environment={}) is None
