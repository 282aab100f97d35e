"""HomeWizard meters on the LAN (P1 and kWh meters): their local HTTP API v1, once a second, for every role with one.

Owns a thread for each role, so that a silent meter delays no other, and what the document says. Getting it is
fetch.py's, finding the device is discovery.py's. It tells the control loop what the bus's poller tells it of others.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Final

from evsed.core.events import Event, MeterHealthChanged, MeterRead, MetersFound
from evsed.core.model import MeterHealth, MeterRole, MeterType
from evsed.core.panel_view import MenuView
from evsed.core.setting import SettingError
from evsed.core.settings import TABLE, Settings
from evsed.core.units import deciamps
from evsed.hw import decoding
from evsed.hw.decoding import ImplausibleError
from evsed.hw.dialog import Values
from evsed.hw.discovery import Discovery, Found
from evsed.hw.fetch import Fetcher, FetchError

log = logging.getLogger(__name__)

PERIOD_S = 1.0
PATH: Final = "/api/v1/data"

_TOTAL_S = 3.0
_LONGEST_WAIT = 10  # periods
_TICK_S = 0.1
_HEALTH_EVERY_S = 5.0
_LOOK_EVERY_S = 5.0
_HTTP = 80
_WITH_PORT = re.compile(r"([^:]+):([0-9]{1,5})")
_P1 = "HWE-P1"
_NO_METERS = ("HWE-SKT", "HWE-WTR", "HWE-DSP", "HWE-BAT")  # sockets, water, displays, batteries


# ---- what the document says ----


def decode(document: object) -> Values:
    """Currents with the signs of their powers, power and energies; what is missing is None, and 0 on L2 and L3 of a
    device of one phase. Raises ImplausibleError for what is no such document or says what cannot be.
    """
    if not isinstance(document, dict):
        raise ImplausibleError("its answer is no JSON object with measurements")
    one_phase = all(_amps(document, phase) is None for phase in (2, 3))
    l1 = _amps(document, 1)
    if l1 is None and one_phase:  # kWh meters of one phase say it without a phase
        l1 = _number(document, "active_current_a", -decoding.HIGHEST_AMPS, decoding.HIGHEST_AMPS)
    power = _number(document, "active_power_w", -decoding.HIGHEST_WATTS, decoding.HIGHEST_WATTS)
    currents = None
    if l1 is not None:
        signed = []
        for phase, amps in enumerate((l1, _amps(document, 2) or 0.0, _amps(document, 3) or 0.0), 1):
            key = f"active_power_l{phase}_w"
            watts = _number(document, key, -decoding.HIGHEST_WATTS, decoding.HIGHEST_WATTS)
            watts = power if watts is None and one_phase and phase == 1 else watts
            signed.append(deciamps(amps if watts is None else -abs(amps) if watts < 0 else abs(amps)))
        currents = decoding.three(signed)
    return Values(
        currents,
        None if power is None else round(power),
        _energy(document, "total_power_import_kwh"),
        _energy(document, "total_power_export_kwh"),
    )


def _amps(document: dict[str, object], phase: int) -> float | None:
    return _number(document, f"active_current_l{phase}_a", -decoding.HIGHEST_AMPS, decoding.HIGHEST_AMPS)


def _energy(document: dict[str, object], key: str) -> int | None:
    kwh = _number(document, key, 0.0, decoding.HIGHEST_KWH)
    return None if kwh is None else round(kwh * 1000)


def _number(document: dict[str, object], key: str, low: float, high: float) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ImplausibleError(f"{key} is {_cut(value)}; no meter measures that")
    return float(value)


def _cut(value: object) -> str:
    if isinstance(value, dict | list):
        return f"a {type(value).__name__}"
    if isinstance(value, int) and abs(value) > 10**40:  # too long a number is not even written
        return "a number of more than 40 digits"
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}..."


# ---- which device ----


class NotFoundError(Exception):
    """No device, or more than one, fits the role; the text says what to do."""


def choose(found: tuple[Found, ...], role: MeterRole) -> Found:
    """The device that measures ``role``: for the mains the P1 meter, else the only kWh meter; for the others the only
    kWh meter. Never one of several: the wrong meter is worse than none. Raises NotFoundError.
    """
    host = TABLE[f"{role.value}_meter_host"].lcd_name
    meters = [device for device in found if not device.product.startswith(_NO_METERS)]
    p1 = [device for device in meters if device.product == _P1]
    fitting = p1 if p1 and role is MeterRole.MAINS else [device for device in meters if device not in p1]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        where = ", ".join(device.host for device in fitting)[:120]
        raise NotFoundError(f"{len(fitting)} meters were found ({where}): choose one under {host}")
    raise NotFoundError(
        "no such meter was found by mDNS: is it switched on, in this network, and its local API on?"
        f" Its address can also be set under {host}"
    )


def hosts(found: tuple[Found, ...]) -> tuple[str, ...]:
    """The meters among ``found`` as the settings name them, with a port that is not 80; for the menu to offer."""
    named = [
        device.host if device.port == _HTTP else f"{device.host}:{device.port}"
        for device in found
        if not device.product.startswith(_NO_METERS)
    ]
    return tuple(dict.fromkeys(name for name in named if _is_taken(name)))


def _is_taken(host: str) -> bool:
    """Whether the setting takes it, and it is read as meant: an IPv6 address has no place for a port or a zone."""
    try:
        TABLE[f"{MeterRole.MAINS.value}_meter_host"].parse(host)
    except SettingError:
        return False
    return host.count(":") <= 1


# ---- reading it ----


class HomeWizard:
    """The HomeWizard meters of this charger."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        post: Callable[[Event], None],
        discovery: Discovery | None = None,
        period_s: float = PERIOD_S,
        *,
        menu: Callable[[], MenuView | None] = lambda: None,
    ) -> None:
        """``settings`` gives the owner settings in force; ``post`` hands an event to the control loop.

        ``menu`` is the LCD's while it is open: who chooses a HomeWizard there is offered what is found.
        """
        self._discovery = discovery or Discovery()
        self._post = post
        self._readers = [_Reader(role, settings, menu, post, self._discovery, period_s) for role in MeterRole]

    def start(self) -> None:
        """Starts reading what the settings say."""
        self._discovery.start(lambda found: self._post(MetersFound(hosts(found))))
        for reader in self._readers:
            reader.thread.start()

    def close(self) -> None:
        """Stops; does not wait for an answer that is under way."""
        for reader in self._readers:
            reader.stop.set()
        self._discovery.close()
        for reader in self._readers:
            reader.thread.join(2 * _TICK_S)


class _Reader:
    """The meter of one role."""

    def __init__(
        self,
        role: MeterRole,
        settings: Callable[[], Settings],
        menu: Callable[[], MenuView | None],
        post: Callable[[Event], None],
        discovery: Discovery,
        period_s: float,
    ) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"homewizard {role.value}", daemon=True)
        self._role = role
        self._settings = settings
        self._menu = menu
        self._post = post
        self._discovery = discovery
        self._period_s = period_s
        self._look_at = float("-inf")
        self._forget(None)

    def _forget(self, host: str | None) -> None:
        """Another meter, or none (``host`` None): nothing is known of it."""
        self._host = host  # as the owner set it; empty: found by mDNS; None: not a HomeWizard
        self._fetcher: Fetcher | None = None
        self._at: tuple[str, int] | None = None
        self._answers = self._errors = 0
        self._last_error = ""
        self._failing = False
        self._due = self._told_at = float("-inf")
        self._wait_s = self._period_s

    def _wanted(self) -> str | None:
        return self._chosen(self._settings())

    def _chosen(self, settings: Settings) -> str | None:
        """The host that ``settings`` name for this role; None: it has no HomeWizard, or reads none."""
        if settings[f"{self._role.value}_meter"] != MeterType.HOMEWIZARD:
            return None
        if settings.loadbl > 1 and self._role is not MeterRole.EV:
            return None  # mains and circuit are the business of a node's master
        return str(settings[f"{self._role.value}_meter_host"])

    def _run(self) -> None:
        while not self.stop.wait(_TICK_S):
            wanted = self._wanted()
            if wanted != self._host:
                self._hang_up()
                self._forget(wanted)
            if self._host is not None and time.monotonic() >= self._due:
                self._due = time.monotonic() + self._period_s
                self._read(self._host)
            self._look()
        self._hang_up()

    def _look(self) -> None:
        """Has mDNS look while a HomeWizard is chosen, or is about to be, and none is found: the menu offers them."""
        if self._discovery.found or time.monotonic() < self._look_at:
            return
        menu = self._menu()
        if self._host is not None or (menu is not None and self._chosen(menu.draft) is not None):
            self._look_at = time.monotonic() + _LOOK_EVERY_S
            self._discovery.want()

    def _read(self, host: str) -> None:
        try:
            values = decode(self._connected(host).get(PATH))
        except NotFoundError as error:  # to look again costs nothing: no longer waits
            self._wait_s = self._period_s
            self._failed(str(error))
            return
        except (FetchError, ImplausibleError) as error:
            if self._wanted() == host:
                self._failed(str(error))
            return
        if self._wanted() != host:
            return  # the owner chose another meter meanwhile: this is not its word
        if values.currents is None:
            self._failed("it tells no currents (active_current_l1_a), only energies or nothing")
        told = (values.currents, values.power_w, values.import_wh, values.export_wh)
        if any(value is not None for value in told):
            self._post(MeterRead(self._role, *told))
        if values.currents is not None:
            self._answered()

    def _connected(self, host: str) -> Fetcher:
        if self._fetcher is not None and not self._failing:
            return self._fetcher  # whatever mDNS says meanwhile
        at = _address(host) if host else self._found()
        if self._fetcher is None or at != self._at:
            self._hang_up()
            self._at, self._fetcher = at, Fetcher(*at, _TOTAL_S)
        return self._fetcher

    def _found(self) -> tuple[str, int]:
        """Where mDNS has found it."""
        if self._failing or not self._discovery.found:
            self._discovery.want()
        if not self._discovery.found and self._discovery.trouble:
            raise NotFoundError(self._discovery.trouble)
        device = choose(self._discovery.found, self._role)
        return device.host, device.port

    def _hang_up(self) -> None:
        if self._fetcher is not None:
            self._fetcher.close()
        self._fetcher = self._at = None

    # ---- health ----

    def _where(self) -> str:
        if self._host:
            return f"HomeWizard at {self._host} (set under {TABLE[f'{self._role.value}_meter_host'].lcd_name})"
        if self._at is None:
            return "HomeWizard, looked for by mDNS"
        host, port = self._at
        return f"HomeWizard at {host if port == _HTTP else f'{host}:{port}'} (found by mDNS)"

    def _answered(self) -> None:
        self._answers += 1
        self._wait_s = self._period_s
        if self._failing:
            log.info("%s meter %s: answers again", self._role, self._where())
        if self._failing or time.monotonic() - self._told_at > _HEALTH_EVERY_S:
            self._failing = False
            self._tell()

    def _failed(self, what: str) -> None:
        """Waits longer each time, for ever."""
        self._errors += 1
        news = not self._failing or what != self._last_error
        self._failing, self._last_error = True, what
        self._due = time.monotonic() + self._wait_s
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT * self._period_s)
        if news:
            log.warning("%s meter %s: %s; trying for ever", self._role, self._where(), what)
        if news or time.monotonic() - self._told_at > _HEALTH_EVERY_S:
            self._tell()

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        health = MeterHealth(self._where(), not self._failing, self._answers, self._errors, self._last_error)
        self._post(MeterHealthChanged(self._role, health))


def _address(host: str) -> tuple[str, int]:
    """Host and port of what the owner set: a name or an address, with or without :port."""
    named = _WITH_PORT.fullmatch(host)
    if named is None:
        return host, _HTTP
    return named.group(1), min(int(named.group(2)), 65_535)
