"""The web page's HTML files and the headers that keep them ours: nothing from elsewhere is loaded or run in them.

Owns which page is which file. What a page shows is in ``web/``; who may see it stands in ``rights.py``.
"""

import mimetypes
import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.staticfiles import NotModifiedResponse, PathLike
from starlette.types import Scope

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


def page(name: str) -> Response:
    """The page ``name``, such as "index"."""
    return HTMLResponse((WEB / f"{name}.html").read_bytes(), headers=HEADERS)


def login_page(status: int = 200) -> Response:
    """The page on which one logs in; it shows again what was asked for."""
    return HTMLResponse(_LOGIN, status, {**HEADERS, "Cache-Control": "no-store"})


class Assets(StaticFiles):
    """What the pages are made of, from memory: a visit asks for dozens of small files, which a Pi reads slowly.

    Each has a tag made of what is in it, so that a visitor's copy is used again for as long as it is the same.
    """

    def __init__(self) -> None:
        super().__init__(directory=WEB)
        self._read: dict[str, tuple[tuple[int, int], bytes, str]] = {}  # by path: when and how large, bytes, tag

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See StaticFiles."""
        path = os.fspath(full_path)
        if path.lower().endswith(".html"):
            raise HTTPException(404)  # a page has a path of its own, and its headers there
        stamp = (stat_result.st_mtime_ns, stat_result.st_size)
        if path not in self._read or self._read[path][0] != stamp:
            body = Path(path).read_bytes()
            self._read[path] = (stamp, body, f'"{sha256(body).hexdigest()[:32]}"')
        _, body, tag = self._read[path]
        headers = {name: HEADERS[name] for name in ("Cache-Control", "X-Content-Type-Options")}
        headers |= {"ETag": tag, "Content-Length": str(len(body))}
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        response = Response(b"" if scope["method"] == "HEAD" else body, status_code, headers, kind)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response
