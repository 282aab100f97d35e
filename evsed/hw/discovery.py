"""Finds HomeWizard devices on the LAN by mDNS, for as long as somebody looks for one.

Owns the browser and its thread. Others read ``found``, which is replaced as a whole, and say with ``want`` that they
miss something; until the first ``want`` nothing is sent and nothing is imported. Which of the devices is meant is
homewizard.py's.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, ServiceStateChange, Zeroconf

log = logging.getLogger(__name__)

SERVICE: Final = "_hwenergy._tcp.local."

_LOOK_EVERY_S = 5.0
_LOOK_AGAIN_S = 0.5  # when one that announces itself has not told where it is
_AFRESH_S = 30.0  # a browser does not notice that the network came up after it: a new one does
_RESOLVE_MS = 1_500


@dataclass(frozen=True, slots=True)
class Found:
    """A device that announces itself: its product type (HWE-P1, ...; empty when it tells none) and where it is."""

    product: str
    host: str
    port: int


class Discovery:
    """The devices on the LAN."""

    def __init__(self, interfaces: Sequence[str] | None = None, service: str = SERVICE) -> None:
        """``interfaces``: addresses of the own interfaces to look on; None is all of them."""
        self._service = service
        self._interfaces = interfaces
        self._names: frozenset[str] = frozenset()  # written by the browser's thread
        self._by_name: dict[str, Found] = {}
        self.found: tuple[Found, ...] = ()
        self._tell: Callable[[tuple[Found, ...]], None] = lambda _found: None
        self.trouble = ""  # why nothing can be found at all
        self._missed = threading.Event()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mdns browser", daemon=True)

    def start(self, tell: Callable[[tuple[Found, ...]], None] | None = None) -> None:
        """Ready to look. ``tell`` is called on the browser's thread whenever ``found`` has changed."""
        self._tell = tell or self._tell
        self._thread.start()

    def want(self) -> None:
        """Somebody misses a device, or the one that was found does not answer any more."""
        if not self._missed.is_set():
            self._missed.set()
            self._wake.set()

    def close(self) -> None:
        """Stops looking."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(0.3)

    def _run(self) -> None:
        browser: Zeroconf | None = None
        begun = 0.0
        try:
            while not self._stop.is_set():
                missed = self._missed.is_set()
                if missed and (browser is None or time.monotonic() - begun >= _AFRESH_S):
                    browser, begun = self._afresh(browser), time.monotonic()
                self._missed.clear()
                if browser is not None:
                    self._resolve(browser)
                unresolved = not self._names <= self._by_name.keys()
                patience = _LOOK_AGAIN_S if unresolved else _LOOK_EVERY_S
                self._wake.wait(None if browser is None and not missed else patience)
                self._wake.clear()
        finally:
            if browser is not None:
                browser.close()

    def _afresh(self, old: "Zeroconf | None") -> "Zeroconf | None":
        """A new browser; None when the network does not allow one now."""
        from zeroconf import Error, InterfaceChoice, ServiceBrowser, Zeroconf  # noqa: PLC0415 - few owners need it

        if old is not None:
            old.close()
        self._names = frozenset()
        try:
            browser = Zeroconf(interfaces=list(self._interfaces or ()) or InterfaceChoice.All)
            ServiceBrowser(browser, self._service, handlers=[self._changed])
        except (OSError, RuntimeError, Error) as error:  # the second where no interface has an address
            self.trouble = f"mDNS does not work here now: {error}"
            return None
        self.trouble = ""
        return browser

    def _changed(
        self,
        zeroconf: "Zeroconf",  # noqa: ARG002 - zeroconf passes these four by name
        service_type: str,  # noqa: ARG002
        name: str,
        state_change: "ServiceStateChange",
    ) -> None:
        gone = state_change.name == "Removed"
        self._names = self._names - {name} if gone else self._names | {name}
        self._wake.set()

    def _resolve(self, browser: "Zeroconf") -> None:
        """Looks up where the announced devices are; one that does not tell now stays where it was."""
        from zeroconf import Error  # noqa: PLC0415

        names = self._names
        for name in names:
            try:
                info = browser.get_service_info(self._service, name, timeout=_RESOLVE_MS)
            except (OSError, Error):
                info = None
            found = None if info is None else _found(info)
            if found is not None:
                self._by_name[name] = found
        self._by_name = {name: found for name, found in self._by_name.items() if name in names}
        before, self.found = self.found, tuple(found for _, found in sorted(self._by_name.items()))
        if self.found != before:
            self._tell(self.found)


def _found(info: "ServiceInfo") -> Found | None:
    from zeroconf import IPVersion  # noqa: PLC0415

    addresses = info.parsed_scoped_addresses(IPVersion.V4Only) or info.parsed_scoped_addresses()
    if not addresses or not info.port:
        return None
    return Found((info.decoded_properties.get("product_type") or "")[:40], addresses[0], info.port)
