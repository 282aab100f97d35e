"""The charger's own web server, for programs on the same machine: where it is, and the way to it without a proxy."""

import urllib.request
from typing import Final

from evsed.config import Http

DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens a URL on the LAN, whatever the environment says of proxies."""

_EVERY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask one that listens everywhere


def address(served: Http) -> str:
    """Where this machine finds what is served so."""
    host = _EVERY.get(served.host, served.host)
    port = "" if served.port == 80 else f":{served.port}"
    return f"http://[{host}]{port}" if ":" in host else f"http://{host}{port}"
