"""Listening sockets that cannot be had at once."""

import asyncio
import logging
import socket

import pytest

from evsed.config import ConfigError, Http
from evsed.doors import opening, webserver
from evsed.doors.opening import Doors


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "AGAIN_S", 0.01)
    monkeypatch.setattr(webserver, "_LEAVING_S", 0.0)


def test_whoever_watches_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Http("127.0.0.1", other.getsockname()[1])
        with pytest.raises(ConfigError, match="another program uses it"):
            asyncio.run(Doors(asyncio.Event(), patient=False).now("http", taken))


def test_a_port_that_is_taken_is_had_when_it_is_free(caplog: pytest.LogCaptureFixture) -> None:
    """After a power cut the address may come late, and a charger must not wait for its web page."""

    async def story() -> None:
        other = socket.create_server(("127.0.0.1", 0))
        taken = Http("127.0.0.1", other.getsockname()[1])
        patient = Doors(asyncio.Event(), patient=True)
        assert await patient.now("http", taken) is None
        waiting = asyncio.create_task(patient.later("http", taken))
        await asyncio.wait([waiting], timeout=0.1)
        assert not waiting.done()
        other.close()
        found = await asyncio.wait_for(waiting, 30)
        assert found is not None
        assert found.getsockname()[1] == taken.port
        found.close()

    with caplog.at_level(logging.ERROR):
        asyncio.run(story())
    assert len(caplog.records) == 1, "told once"
    assert "Charging goes on without it" in caplog.text


def test_an_address_that_is_not_there_is_waited_for_until_the_end() -> None:
    async def story() -> None:
        over = asyncio.Event()
        patient = Doors(over, patient=True)
        waiting = asyncio.create_task(patient.later("http", Http("192.0.2.1", 80)))
        await asyncio.wait([waiting], timeout=0.1)
        assert not waiting.done()
        over.set()
        assert await asyncio.wait_for(waiting, 30) is None
        assert await patient.later("http", Http("192.0.2.1", 80)) is None

    asyncio.run(story())
