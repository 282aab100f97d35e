"""/docs: Swagger UI over our OpenAPI document, with all of its files from this machine."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from evsed.api.pages import HEADERS

_PAGE: Final = Path(__file__).parent / "web" / "docs.html"
_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the arrows in Swagger UI's style sheet
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


def add_docs(app: FastAPI) -> None:
    """Adds the page and, below it, Swagger UI's files."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_PAGE, headers={**HEADERS, "Content-Security-Policy": _POLICY})

    app.mount("/docs/swagger", StaticFiles(packages=[("fastapi_swagger", "resources")]), name="swagger")
