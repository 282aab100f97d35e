"""The master's side of the chargers' line: polls the nodes, carries out the core's orders, tells everybody the offers.

A client of the bus. Owns what is asked of which node and when; who may draw and how much is the core's, which register
holds what registers.py's. Source: the charger bus of the SmartEVSE firmware.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from evsed.core.duty import HIGHEST_OFFER
from evsed.core.events import Event
from evsed.core.member import LOOKS
from evsed.core.menu import NOT_ON_THE_BUS
from evsed.core.model import Access, MeterType, Mode
from evsed.core.setting import Value
from evsed.core.settings import Settings
from evsed.core.snapshot import Snapshot
from evsed.core.states import State
from evsed.core.wire import (
    CHARGERS,
    COMM_B_OK,
    COMM_C_OK,
    HIGHEST_ERROR,
    HIGHEST_STATE,
    LONGEST_SOLAR_S,
    NO_METER_BIT,
    NO_POWER_BIT,
    NO_SUN_BIT,
    OFFERS_EVERY_MS,
    POLLS_MISSED,
    NodeHeard,
    NodeMetered,
    NodeSilent,
    NodeStatus,
    Orders,
    Tell,
)
from evsed.hw.meters import ImplausibleError, Meter, Read, meter_for, needs
from evsed.hw.poller import PAUSES_S
from evsed.hw.registers import CONFIG_CHANGED, NODE_SETTINGS, OFFERS, SETTINGS, STATE, SYSTEM_SETTINGS
from evsed.hw.rs485 import BusError, Request
from evsed.hw.turns import Job, Urgency

EVERYBODY: Final = 9
SENSORBOX: Final = 10
STATUS_WORDS: Final = 8
_EV_METER: Final = NODE_SETTINGS + 8  # its type, and behind it its address
_SYSTEM_WORDS: Final = 22

POLL_S: Final = 1.0
"""A node that answers is asked this often."""

CORE_HEARS_S: Final = 0.12
STATE_FRESH_S: Final = 0.6
"""An order goes out at most so long after the node has said the state that it repeats or agrees to."""

_ASKED_BY: Final = {COMM_B_OK: State.COMM_B, COMM_C_OK: State.COMM_C}
_OUR_BITS: Final = NO_POWER_BIT | NO_METER_BIT | NO_SUN_BIT  # the others are the node's own errors

LOOK_AGAIN_S: Final = 0.3
"""At first each is looked for a few times in a row."""

SEARCH_S: Final = 2.0
"""So often one of those that do not is asked, in turn."""

OFFERS_S: Final = OFFERS_EVERY_MS / 1000
CHANGED_S: Final = 0.2
"""Offers that have changed are told at once, but not more often than this."""

SLOW_S: Final = 10.0
_METER_ADDRESSES: Final = range(10, 248)
_HIGHEST_MAX = 80


class CorruptError(ValueError):
    """A node's status that no charger has; the text says which register."""


def status(words: Sequence[int]) -> NodeStatus:
    """Registers 0x0000 to 0x0007 as a node's status. Raises CorruptError: then nothing of it may be used."""
    limits = (HIGHEST_STATE, HIGHEST_ERROR, HIGHEST_OFFER, max(Mode), LONGEST_SOLAR_S, max(Access), 1, _HIGHEST_MAX)
    for register, (word, highest) in enumerate(zip(words, limits, strict=True)):
        if word > highest:
            raise CorruptError(f"register {register:#06x} holds {word}, and no charger has more than {highest} there")
    state, error, current, mode, solar_s, access, changed, most = words
    return NodeStatus(state, error, current, Mode(mode), solar_s, Access(access), bool(changed), most * 10)


def offers(orders: Orders) -> tuple[int, ...]:
    """What everybody is told: eight offers (0.1 A), and the currents of the mains while they are known."""
    mains = () if orders.mains is None else tuple(current & 0xFFFF for current in orders.mains.each())
    return orders.offers + mains


def system_settings(settings: Settings) -> tuple[int, ...]:
    """Registers 0x0200 to 0x0215. A host name does not fit into its register, which holds 0."""
    values = (settings[SETTINGS[SYSTEM_SETTINGS + index].key] for index in range(_SYSTEM_WORDS))
    return tuple(value if isinstance(value, int) else 0 for value in values)


@dataclass(slots=True, eq=False)
class _Node:
    """One node as this side of the wire knows it."""

    index: int  # 1 to 7
    missed: int = POLLS_MISSED
    due: float = float("-inf")
    looks: int = 0  # for one that has not answered yet
    heard_at: float = float("-inf")
    state: int = State.A  # that it said then, and with which error bits
    error: int = 0
    told: int = 0  # the number of the last order that was carried out
    curious: bool = False  # what it made of that is looked at next
    config_wanted: bool = True
    config_due: float = float("-inf")
    config_read: bool = False  # and not yet confirmed to the node
    meter: Meter | None = None
    meter_kind: MeterType = MeterType.DISABLED
    made_from: tuple[Value, ...] = ()
    meter_address: int = 0
    meter_failures: int = 0
    meter_due: float = float("-inf")
    slow_at: float = float("-inf")
    slow: list[Read] = field(default_factory=list)

    @property
    def address(self) -> int:
        """On the chargers' line."""
        return self.index + 1

    @property
    def present(self) -> bool:
        """Whether it answers."""
        return self.missed < POLLS_MISSED

    def metered_by(self, kind: MeterType, settings: Settings) -> None:
        """Its EV meter is of type ``kind``; how a type of the owner's own is read, ``settings`` say."""
        made_from = needs(kind, settings)
        if self.made_from != made_from:
            self.meter, self.meter_kind, self.made_from, self.slow = meter_for(kind, settings), kind, made_from, []


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job's owner: what kind of job it is, for which node, and its details."""

    what: str
    node: _Node | None = None
    number: int = 0
    read: Read | None = None
    meter: Meter | None = None


class Master:
    """Speaks with the nodes while our core has orders for them, that is while we are the master."""

    def __init__(self, snapshot: Callable[[], Snapshot], post: Callable[[Event], None]) -> None:
        """``snapshot`` gives the last published state, ``post`` hands an event to the control loop."""
        self._snapshot = snapshot
        self._post = post
        self._begin()

    def _begin(self) -> None:
        self._nodes = [_Node(index) for index in range(1, CHARGERS)]
        self._search_due = float("-inf")
        self._offered: tuple[int, ...] = ()
        self._offered_at = float("-inf")
        self._system: tuple[int, ...] | None = None
        self._active = False

    # ---- what is due ----

    def jobs(self, now: float) -> Iterator[Job]:
        """Orders and offers before everything, then polls and the nodes' EV meters in turn."""
        snapshot = self._snapshot()
        orders = snapshot.orders
        if orders is None:
            if self._active:
                self._begin()
            return
        self._active = True
        yield from self._orders(orders, now)
        yield from self._polls(now)
        for node in self._nodes:
            if node.present:
                yield from self._configuration(node, now)
                yield from self._meter(node, snapshot.settings, now)
        yield from self._settings(snapshot.settings)

    def _orders(self, orders: Orders, now: float) -> Iterator[Job]:
        for tell in orders.tells:
            node = self._nodes[tell.node - 1]
            if tell.number > node.told and node.present and self._in_time(node, tell, now):
                words = [tell.state, tell.error]
                if tell.mode is not None:
                    words += [0, tell.mode, tell.solar_s]
                request = Request(node.address, 16, STATE, values=tuple(words))
                yield Job(request, Urgency.NOW, _Asked("tell", node, tell.number))
        words_offered, age_s = offers(orders), now - self._offered_at
        changed = words_offered[:CHARGERS] != self._offered[:CHARGERS]
        if orders.offers and (age_s >= OFFERS_S or (changed and age_s >= CHANGED_S)):
            yield Job(Request(EVERYBODY, 16, OFFERS, values=words_offered), Urgency.NOW, _Asked("offers"))

    @staticmethod
    def _in_time(node: _Node, tell: Tell, now: float) -> bool:
        """Whether ``tell`` still fits. A node may obey it without conditions, and takes the error bits over: so it goes
        out only a moment after the node has said the state that is repeated or agreed to, and our core has heard that.
        """
        age_s = now - node.heard_at
        if age_s > STATE_FRESH_S:
            node.due, node.curious = now, True
        agrees = node.state == _ASKED_BY.get(tell.state) and not node.error & ~(tell.error | _OUR_BITS)
        return (agrees or node.state == tell.state) and CORE_HEARS_S <= age_s <= STATE_FRESH_S

    def _polls(self, now: float) -> Iterator[Job]:
        for node in self._nodes:
            if now >= node.due and (node.present or node.looks < LOOKS):
                yield _poll(node)
        missing = [node for node in self._nodes if not node.present and node.looks >= LOOKS]
        if missing and now >= self._search_due:
            yield _poll(min(missing, key=lambda node: node.due))

    def _configuration(self, node: _Node, now: float) -> Iterator[Job]:
        if node.config_read:
            request = Request(node.address, 6, CONFIG_CHANGED, values=(0,))
            yield Job(request, Urgency.SLOW, _Asked("confirm", node))
        elif node.config_wanted and now >= node.config_due:
            yield Job(Request(node.address, 4, _EV_METER, 2), Urgency.SLOW, _Asked("configuration", node))

    def _meter(self, node: _Node, settings: Settings, now: float) -> Iterator[Job]:
        node.metered_by(node.meter_kind, settings)
        meter = node.meter
        if meter is None or now < node.meter_due or self._is_taken(node, settings):
            return
        yield self._reading(node, meter.fast, Urgency.FAST)
        if now - node.slow_at >= SLOW_S:
            node.slow_at, node.slow = now, list(meter.slow)
        if node.slow:
            yield self._reading(node, node.slow[0], Urgency.SLOW)

    def _is_taken(self, node: _Node, settings: Settings) -> bool:
        """Whether the node's EV meter has the address of one of ours, or of a node before it: it would count twice."""
        ours = (settings.mains_meter_address, settings.ev_meter_address, settings.circuit_meter_address)
        types = (settings.mains_meter, settings.ev_meter, settings.circuit_meter)
        taken = {
            SENSORBOX if kind == MeterType.SENSORBOX else address
            for address, kind in zip(ours, types, strict=True)
            if kind not in NOT_ON_THE_BUS
        }
        taken |= {other.meter_address for other in self._nodes[: node.index - 1] if other.present and other.meter}
        return node.meter_address in taken

    @staticmethod
    def _reading(node: _Node, read: Read, urgency: Urgency) -> Job:
        request = Request(node.meter_address, read.function, read.first, read.count)
        return Job(request, urgency, _Asked("meter", node, read=read, meter=node.meter))

    def _settings(self, settings: Settings) -> Iterator[Job]:
        """The system settings go to everybody whenever one of them was changed."""
        words = system_settings(settings)
        if self._system is None:
            self._system = words
        elif words != self._system:
            yield Job(Request(EVERYBODY, 16, SYSTEM_SETTINGS, values=words), Urgency.SLOW, _Asked("settings"))

    # ---- what came of it ----

    def answered(self, job: Job, words: Sequence[int], now: float) -> None:
        """A node, or the EV meter of one, has answered; or everybody was told."""
        asked: _Asked = job.owner
        node = asked.node
        if node is None:
            self._told_everybody(asked.what, job.request.values, now)
        elif asked.what == "poll":
            self._polled(node, words, now)
        elif asked.what == "tell":
            node.told = asked.number
            node.due, node.curious = now, True
        elif asked.what == "configuration":
            self._configured(node, words)
        elif asked.what == "confirm":
            node.config_read = False
        elif asked.read is not None:
            self._metered(node, asked.meter, asked.read, words)

    def _told_everybody(self, what: str, words: tuple[int, ...], now: float) -> None:
        if what == "settings":
            self._system = words
            return
        self._offered, self._offered_at = words, now

    def _polled(self, node: _Node, words: Sequence[int], now: float) -> None:
        try:
            heard = status(words)
        except CorruptError as error:
            self._missed(node, now, str(error))
            return
        came, node.curious = not node.present, False
        node.heard_at, node.state, node.error = now, heard.state, heard.error
        node.missed, node.looks, node.due = 0, LOOKS, now + POLL_S
        node.config_wanted = node.config_wanted or heard.config_changed or came
        self._post(NodeHeard(node.index, heard))

    def _missed(self, node: _Node, now: float, wrong: str = "") -> None:
        node.curious = False
        node.looks += 1
        node.due = now + (POLL_S if node.looks >= LOOKS else LOOK_AGAIN_S)
        if not node.present:
            self._search_due = now + SEARCH_S
        node.missed = min(node.missed + 1, POLLS_MISSED)
        if not node.present:
            node.metered_by(MeterType.DISABLED, self._snapshot().settings)
            node.config_wanted, node.config_read = True, False
        self._post(NodeSilent(node.index, wrong))

    def _configured(self, node: _Node, words: Sequence[int]) -> None:
        number, address = words
        node.config_wanted, node.config_read = False, True
        known = number in set(MeterType) and address in _METER_ADDRESSES
        node.metered_by(MeterType(number) if known else MeterType.DISABLED, self._snapshot().settings)
        node.meter_address = address if node.meter is None else node.meter.fixed_address or address

    def _metered(self, node: _Node, meter: Meter | None, read: Read, words: Sequence[int]) -> None:
        node.meter_failures = 0
        node.metered_by(node.meter_kind, self._snapshot().settings)
        if meter is None or meter is not node.meter:
            return  # how it is read was changed in the meantime
        if read in node.slow:
            node.slow.remove(read)  # the node itself listens
        try:
            values = meter.take(read, words)
        except ImplausibleError:
            return
        if values.currents is not None:
            self._post(NodeMetered(node.index, values.currents))

    def failed(self, job: Job, error: BusError, now: float) -> None:
        """A node, or the EV meter of one, has not answered."""
        asked: _Asked = job.owner
        node = asked.node
        if node is None:
            return
        if asked.what == "poll":
            self._missed(node, now)
        elif asked.what == "tell":
            node.due, node.curious = now, True  # perhaps it has heard; if not, the order comes again
            node.told = asked.number
        elif asked.what == "meter":
            node.meter_failures += 1
            node.meter_due = now + PAUSES_S[min(node.meter_failures, len(PAUSES_S)) - 1]
        elif asked.what == "configuration":
            node.config_due = now + SLOW_S  # some have none, and one that has told another master before will not say
        else:
            node.config_read = False
        del error


def _poll(node: _Node) -> Job:
    urgency = Urgency.NOW if node.curious else Urgency.FAST
    return Job(Request(node.address, 4, STATE, STATUS_WORDS), urgency, _Asked("poll", node))
