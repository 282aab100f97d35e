"""The web page's HTML files and the headers that keep them ours: nothing from elsewhere is loaded or run in them.

Owns which page is which file. What a page shows is in ``web/``; who may see it stands in ``rights.py``.
"""

from pathlib import Path
from typing import Any, Final

from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

WEB: Final = Path(__file__).parent / "web"

_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-cache",  # asked for again each time, so that no page runs with half of an older evsed
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

_LOGIN: Final = (WEB / "login.html").read_text(encoding="utf-8")


def page(name: str) -> FileResponse:
    """The page ``name``, such as "index"."""
    return FileResponse(WEB / f"{name}.html", headers=HEADERS)


def login_page(status: int = 200) -> Response:
    """The page on which one logs in; it shows again what was asked for."""
    return HTMLResponse(_LOGIN, status, {**HEADERS, "Cache-Control": "no-store"})


class Assets(StaticFiles):
    """What the pages are made of, with the pages' own word on caching."""

    def __init__(self) -> None:
        super().__init__(directory=WEB)

    def file_response(self, *args: Any, **more: Any) -> Response:
        """See StaticFiles."""
        response = super().file_response(*args, **more)
        for name in ("Cache-Control", "X-Content-Type-Options"):
            response.headers[name] = HEADERS[name]
        return response
