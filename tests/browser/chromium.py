"""Debian's Chromium, by its path, with nothing in it that asks anybody but the charger."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

PATIENCE_MS: Final = 30_000
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP: Final[dict[str, Any]] = {"viewport": {"width": 1200, "height": 900}}
_FLAGS: Final = (
    "--no-sandbox",  # tests run as root too
    "--disable-gpu",
    "--disable-dev-shm-usage",  # which is small in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing outside is ever found
)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. While it is there nothing else in this thread may use asyncio."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing. Please type:  sudo apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()
