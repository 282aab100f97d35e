"""uvicorn inside a process that has other duties: it takes a socket we bound, and leaves the signals to us."""

import contextlib
import socket
import time
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

_LEAVING_S = 3.0


class QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    def __init__(self, app: FastAPI) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,  # the process has a log already
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to ``host`` and ``port``; waits up to 3 s for a predecessor that is just leaving.

    Raises OSError when the port stays taken or may not be used.
    """
    deadline = time.monotonic() + _LEAVING_S
    while True:
        try:
            return socket.create_server((host, port), backlog=128)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
