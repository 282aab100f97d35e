"""The charger that runs, over its REST: where it is, its settings, and changing them all at once.

Owns what is said when it cannot be reached, or is something else. Proxies are not asked: a charger is on the LAN.
"""

import argparse
import http.client
import json
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from evsed.backup.rows import Row, told
from evsed.cli.parser import DEFAULT_CONFIG
from evsed.config import ConfigError, Http, load
from evsed.core.setting import Value
from evsed.localweb import DIRECT, address

_ANSWER_S: Final = 10.0  # for the whole of an answer
_GOOD: Final = 200
_FAILED: Final = 500  # and above: the charger could not, which it may have found out half-way
_LONGEST: Final = 4_000_000
_Answer: TypeAlias = tuple[int, bytes]
"""Status and body."""

_URL: Final = re.compile(r"https?://[A-Za-z0-9_.:%\[\]-]+")


class TroubleError(Exception):
    """It cannot be done; the text says why and what to do, ``status`` is the exit status."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class SilentError(TroubleError):
    """Nobody answers at all."""


class RefusedError(TroubleError):
    """The charger does not take it, and has changed nothing."""


def reach(options: argparse.Namespace) -> "Charger":
    """The charger that a command line with the options of a charger names. Raises TroubleError."""
    return find(options.url, options.config, chosen=options.config != DEFAULT_CONFIG)


def find(url: str | None, config: Path, *, chosen: bool) -> "Charger":
    """The charger at ``url``, or else the one of this machine. ``chosen``: somebody named ``config``.

    Raises TroubleError.
    """
    if url is not None:
        return Charger(_whole(url))
    try:
        served = load(config).http
    except ConfigError as error:
        if chosen or not isinstance(error.__cause__, PermissionError | FileNotFoundError):
            raise TroubleError(str(error), os.EX_CONFIG) from error
        unread = str(error) if isinstance(error.__cause__, PermissionError) else ""
        return Charger(address(Http()), unread)
    return Charger(address(served))


def _whole(url: str) -> str:
    whole = (url if "://" in url else f"http://{url}").rstrip("/")
    try:
        good = _URL.fullmatch(whole) is not None and urlsplit(whole).port != 0
    except ValueError:
        good = False
    if not good:
        raise TroubleError(f"--url takes an address such as http://192.168.1.20:80, not {url[:80]!r}", os.EX_USAGE)
    return whole


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger at ``url``; ``unread``: why the configuration did not say so. What it cannot do raises TroubleError."""

    url: str
    unread: str = ""

    def rows(self) -> dict[str, Row]:
        """Its settings."""
        return self._told(self.ask("GET", "/api/v1/settings"))

    def document(self) -> Any:
        """Its settings as it tells them."""
        answer = self.ask("GET", "/api/v1/settings")
        self._told(answer)
        return answer

    def unit(self) -> tuple[str, int]:
        """The version of evsed that it runs, and its serial number; 0: it has none, or does not say."""
        answer = self.ask("GET", "/settings")
        said = answer if isinstance(answer, dict) else {}
        version, serial = said.get("version"), said.get("serialnr")
        return version if isinstance(version, str) else "unknown", serial if isinstance(serial, int) else 0

    def change(self, changes: Mapping[str, Value]) -> dict[str, Row]:
        """Makes all of ``changes`` or none of them; its settings after that."""
        return self._told(self.ask("PATCH", "/api/v1/settings", dict(changes)))

    def _told(self, answer: object) -> dict[str, Row]:
        try:
            return told(answer)
        except (ValueError, RecursionError) as error:
            raise self._stranger() from error

    def _stranger(self) -> TroubleError:
        return TroubleError(f"{self.url} answers, but it is not evsed; name the charger with --url", os.EX_UNAVAILABLE)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The document that the charger answers with; ``body`` becomes JSON."""
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - http
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            status, answer = _in_time(lambda: _exchange(request))
        except urllib.error.URLError as error:
            raise self._silent(error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        except ValueError as error:
            raise self._stranger() from error
        try:
            document = json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise self._stranger() from error
        if status != _GOOD:
            raise self._refused(status, document)
        return document

    def _refused(self, status: int, problem: Any) -> TroubleError:
        """What the charger says to a request that it does not carry out."""
        try:
            wrong = [str(each["detail"]) for each in problem.get("errors", [])]
            text = "\n".join(wrong or [str(problem["detail"])])
        except (KeyError, TypeError, AttributeError, RecursionError):
            return self._stranger()
        return RefusedError(text) if status < _FAILED else TroubleError(text)

    def _silent(self, why: object) -> SilentError:
        words = (why.strerror if isinstance(why, OSError) else "") or str(why) or repr(why)
        if isinstance(why, TimeoutError):
            words = f"no whole answer within {_ANSWER_S:g} s"
        if self.unread:
            advice = f"{self.unread}: try sudo, or say with --url where the charger is"
        else:
            advice = "does evsed run? See systemctl status evsed; --url asks another charger"
        return SilentError(f"nobody answers at {self.url} ({words}); {advice}", os.EX_UNAVAILABLE)


def _exchange(request: urllib.request.Request) -> _Answer:
    try:
        with DIRECT.open(request, timeout=_ANSWER_S) as answer:
            return answer.status, answer.read(_LONGEST)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_LONGEST)


def _in_time(exchange: Callable[[], _Answer]) -> _Answer:
    """What ``exchange`` has to say within _ANSWER_S, however slowly it comes. Raises its errors, or TimeoutError."""
    answers: list[_Answer] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            answers.append(exchange())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)

    thread = threading.Thread(target=ask, name="settings", daemon=True)
    thread.start()
    thread.join(_ANSWER_S)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError
    return answers[0]
