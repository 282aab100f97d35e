"""Uploads that are refused while they still come: they keep nobody out, and have an end."""

import pytest

from evsed.api.update import upload
from tests.api.test_update import Bench, bench
from tests.api.uploads import form, names, package, signature
from tests.doors.test_webserver import rest
from tests.scenarios.simulation import wait_for

__all__ = ["bench"]


def test_one_that_was_refused_keeps_nobody_out_while_it_is_read_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = form(package("firmware.bin"), signature()), form(package(), signature())
    judged: list[str] = []
    judge_it = bench.updates.judge

    def judge(name: str) -> None:
        judged.append(name)
        judge_it(name)

    monkeypatch.setattr(bench.updates, "judge", judge)
    slow = []
    for _ in range(5):
        slow.append(bench.connect(len(bad)))
        slow[-1].sendall(bad[:5_000])
        wait_for(lambda: len(judged) == len(slow) and not bench.updates.receiving, "it was refused")
    assert bench.state()["state"] == "idle"
    assert bench.post(good).body == b"OK"
    for client in slow:
        client.close()


def test_reading_away_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWAY_S", "LEAVES_S"):
        monkeypatch.setattr(upload, name, 0.2)
    bad = form(package("firmware.bin"), signature())
    with bench.connect(len(bad)) as client:
        client.sendall(bad[:5_000])
        said = rest(client)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"FAIL: 'firmware.bin' is not taken" in said


def test_who_may_no_more_at_the_end_hands_nothing_over(bench: Bench) -> None:
    body = form(package(), signature())
    with bench.connect(len(body)) as client:
        client.sendall(body[:5_000])
        wait_for(bench.updates.partial.exists, "it is being received")
        for token in bench.charger.access.tokens:
            bench.charger.access.remove_token(token.name)
        client.sendall(body[5_000:])
        said = rest(client)
    assert said.startswith(b"HTTP/1.1 401 ")
    assert b"FAIL: the login that this upload began with counts no more" in said
    assert names(bench.updates) == []
