"""What a browser complains of during a test, and whom it asks: at the end of each there may be nothing of it."""

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

LOST = r"ERR_(CONNECTION_|CONTENT_LENGTH_MISMATCH|INCOMPLETE_CHUNKED|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|TIMED_OUT)"
"""The trouble of a page whose charger is dead or does not answer, for ``expect_trouble``."""

_TELL_VIOLATIONS = """addEventListener("securitypolicyviolation",
    (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""


class Watch:
    """Listens to all contexts of one test.

    Called with patterns it expects trouble: what matches one of them is no complaint. Chromium itself writes an error
    for each answer of 400 and more, so that a test in which something is refused says ``expect_trouble("422")``.
    """

    def __init__(self, origin: str) -> None:
        self._host = urlsplit(origin).netloc
        self._expected: list[re.Pattern[str]] = []
        self._said: list[str] = []
        self._contexts: list[BrowserContext] = []

    def __call__(self, *patterns: str) -> None:
        """Expects complaints that match one of these regular expressions, from now on or before."""
        self._expected += [re.compile(pattern) for pattern in patterns]

    def over(self, context: BrowserContext) -> BrowserContext:
        """Watches ``context``, before a page is opened in it."""
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        self._contexts.append(context)
        return context

    @property
    def complaints(self) -> list[str]:
        """What was not expected, up to now."""
        for context in self._contexts:
            for page in context.pages:
                page.evaluate("0")  # what the browser said before has arrived with this answer
        return [each for each in self._said if not any(pattern.search(each) for pattern in self._expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            where: Any = message.location
            self._said.append(f"console {message.type}: {message.text} ({where['url']}:{where['lineNumber']})")

    def _error(self, error: WebError) -> None:
        self._said.append(f"not caught: {error.error}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and (address.scheme, address.netloc) != ("http", self._host):
            self._said.append(f"foreign: {request.method} {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page's own doing: it went on, or ended a stream
            self._said.append(f"failed: {request.method} {request.url}: {request.failure}")
