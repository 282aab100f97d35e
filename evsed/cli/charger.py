"""The charger that runs, over its REST: its settings, changing them all at once, and whatever else is asked of it.

Owns what is said when it cannot be reached, is something else, or refuses. The way to it is way.py's.
"""

import argparse
import http.client
import json
import os
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from evsed.backup.rows import Row, told
from evsed.cli.parser import DEFAULT_CONFIG
from evsed.cli.trouble import ForbiddenError, RefusedError, SilentError, TroubleError
from evsed.cli.way import ANSWER_S, Shown, Way
from evsed.cli.way import find as find_way
from evsed.core.setting import Value

__all__ = ["Charger", "ForbiddenError", "RefusedError", "SilentError", "TroubleError", "find", "reach"]

_ANSWER_S: Final = ANSWER_S  # for the whole of an answer
_GOOD: Final = frozenset({200, 201})
_EMPTY: Final = frozenset({200, 204})
_LONGEST_PROBLEM: Final = 100_000
_FAILED: Final = 500  # and above: the charger could not, which it may have found out half-way
_Answer: TypeAlias = tuple[int, bytes]
"""Status and body."""

_ADVICE: Final = (
    "On the charger itself, sudo evsed ... needs no PIN. From elsewhere: --pin or --password ask for it, --token-file "
    "FILE has a token."
)
_FORBIDDEN: Final = frozenset({401, 403})
_WAIT: Final = 429  # too many wrong PINs or passwords


def reach(options: argparse.Namespace) -> "Charger":
    """The charger that a command line with the options of a charger names. Raises TroubleError."""
    return find(options.url, options.config, chosen=options.config != DEFAULT_CONFIG, shown=Shown.of(options))


def find(url: str | None, config: Path, *, chosen: bool, shown: Shown | None = None) -> "Charger":
    """The charger at ``url``, or else the one of this machine. ``chosen``: somebody named ``config``.

    ``shown``: as whom. Raises TroubleError.
    """
    return Charger(find_way(url, config, chosen=chosen, shown=shown or Shown()))


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger and the way to it. What it cannot do raises TroubleError."""

    way: Way

    @property
    def url(self) -> str:
        """Where it is, for people."""
        return self.way.url

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

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Any:
        """The document that the charger answers with, None where the answer is empty.

        ``body`` becomes JSON, but for bytes, which are of ``kind``.
        """
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = self._exchanged(method, path, sent, kind)
        if status in _EMPTY and not answer:
            return None
        try:
            document = json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise self._stranger() from error
        if status not in _GOOD:
            raise self._refused(status, document)
        return document

    def text(self, path: str) -> str:
        """The text at ``path``."""
        status, answer = self._exchanged("GET", path, None, "")
        if status in _GOOD:
            return answer.decode("utf-8", "replace")
        try:
            raise self._refused(status, json.loads(answer))
        except (ValueError, RecursionError) as error:
            raise self._stranger() from error

    def events(self, path: str, after: str, quiet_s: float) -> Iterator[tuple[str, str, Any]]:
        """The server-sent events at ``path`` that come after the one with the id ``after``: name, id and document.

        The name is empty for a sign of life, which comes at least every ``quiet_s``. Raises SilentError when the
        connection ends.
        """
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        with self._telling(), self.way.listen(path, headers, quiet_s) as answer:
            if answer.status not in _GOOD:
                raise self._refused(answer.status, json.loads(answer.read(_LONGEST_PROBLEM)))
            if answer.headers.get_content_type() != "text/event-stream":
                raise self._stranger()
            yield from _events(answer)
        raise self._silent("the connection was ended")

    def _exchanged(self, method: str, path: str, body: bytes | None, kind: str) -> _Answer:
        with self._telling():
            return _in_time(lambda: self.way.exchange(method, path, body, kind))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Around a conversation: what goes wrong in it raises TroubleError."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise self._unbelieved(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._silent(error) from error
        except ValueError as error:
            raise self._stranger() from error

    def _refused(self, status: int, problem: Any) -> TroubleError:
        """What the charger says to a request that it does not carry out."""
        try:
            wrong = [str(each["detail"]) for each in problem.get("errors", [])]
            text = "\n".join(wrong or [str(problem["detail"])])
        except (KeyError, TypeError, AttributeError, RecursionError):
            return self._stranger()
        if status in _FORBIDDEN:
            return self.forbidden(text)
        if status == _WAIT:
            return ForbiddenError(text)
        return RefusedError(text) if status < _FAILED else TroubleError(text)

    def forbidden(self, text: str) -> ForbiddenError:
        """``text``, which is why the one who asks may not do that, and what he can do."""
        return ForbiddenError(text if self.way.controls else f"{text}\n{_ADVICE}")

    def _unbelieved(self, error: ssl.SSLCertVerificationError) -> TroubleError:
        hint = "--cacert FILE names the certificate to be believed; on the charger, evsed access certificate prints it"
        return TroubleError(
            f"{self.url}: its certificate is not believed: {error.verify_message.rstrip('.')}. {hint}",
            os.EX_UNAVAILABLE,
        )

    def _silent(self, why: object) -> SilentError:
        words = (why.strerror if isinstance(why, OSError) else "") or str(why) or repr(why)
        if isinstance(why, TimeoutError):
            words = f"no whole answer within {_ANSWER_S:g} s"
        if self.way.unread:
            advice = f"{self.way.unread}: try sudo, or say with --url where the charger is"
        else:
            advice = "does evsed run? See systemctl status evsed; --url asks another charger"
        return SilentError(f"nobody answers at {self.url} ({words}); {advice}", os.EX_UNAVAILABLE)


def _events(lines: Iterable[bytes]) -> Iterator[tuple[str, str, Any]]:
    """Name, id and document of each event. Raises ValueError for what is none."""
    event: dict[str, str] = {}
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            event[name] = value.removeprefix(" ")
        elif event:
            yield event.get("event", ""), event.get("id", ""), json.loads(event.get("data", "null"))
            event = {}


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
