"""What chargers that share one mains tell each other, as records: a node's status, a master's orders.

Owns the words, not the wire: registers and frames are ``evsed.hw``'s, what is decided is sharing.py's and node.py's.
"""

from dataclasses import dataclass

from evsed.core.model import Access, Mode, PhaseCurrents
from evsed.core.setting import Value
from evsed.core.units import Deciamps

CHARGERS = 8
"""As many share one mains: charger 0 is the master, 1 to 7 are the nodes, at addresses 2 to 8."""

HIGHEST_STATE = 14
HIGHEST_ERROR = 0xFF
LONGEST_SOLAR_S = 3_600
"""What a status block may hold; more is no charger's, and refused."""

COMM_B_OK = 5
COMM_C_OK = 7
"""What a master writes into a node's state: it agrees to the pulses, to the contactor."""

NO_POWER_BIT, NO_METER_BIT, NO_SUN_BIT = 1, 2, 32
"""Error bits that a master writes to a node: wait, stop, and (the firmware's, ours writes 1) wait for the sun."""

OFFERS_EVERY_MS = 2_000
MASTER_LOST_MS = 11_000
"""A node that has heard no offers for this long stops."""

POLLS_MISSED = 5
"""A node that is silent for so many polls counts as gone."""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What a node says of itself: registers 0x0000 to 0x0007."""

    state: int  # 0 to 14; 4 asks for pulses, 6 for the contactor
    error: int  # error bits
    current: Deciamps  # that it offers to its car
    mode: Mode
    solar_s: int
    access: Access
    config_changed: bool  # its EV meter's type or address has to be read again
    most: Deciamps  # the least of its MAX and its cable; 0: no cable


@dataclass(frozen=True, slots=True)
class Tell:
    """To be written into a node's status block. ``number`` grows with every new order: each is carried out once."""

    node: int  # 1 to 7
    number: int
    state: int
    error: int
    mode: Mode | None = None  # None: it and the timer are not written
    solar_s: int = 0


@dataclass(frozen=True, slots=True)
class Orders:
    """What a master wants its nodes to know now."""

    offers: tuple[
        Deciamps, ...
    ]  # of chargers 0 to 7; empty until every node has been looked for: nothing is told before
    mains: PhaseCurrents | None  # None: not known
    tells: tuple[Tell, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeHeard:
    """Node 1 to 7 answered a poll."""

    node: int
    status: NodeStatus


@dataclass(frozen=True, slots=True)
class NodeSilent:
    """Node 1 to 7 gave no usable answer to a poll; ``wrong`` says what was wrong with one that came."""

    node: int
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class NodeMetered:
    """The EV meter of node 1 to 7 was read."""

    node: int
    currents: PhaseCurrents


@dataclass(frozen=True, slots=True)
class MasterTold:
    """Our master wrote into our status block; None was not written."""

    state: int | None = None
    error: int | None = None
    mode: Mode | None = None
    solar_s: int | None = None


@dataclass(frozen=True, slots=True)
class MasterOffered:
    """Our master told all nodes what it offers; ``offer`` is ours."""

    offer: Deciamps
    mains: PhaseCurrents | None


@dataclass(frozen=True, slots=True)
class MasterSet:
    """Our master told all nodes its system settings: keys and values that our table takes."""

    values: tuple[tuple[str, Value], ...]


WireEvent = NodeHeard | NodeSilent | NodeMetered | MasterTold | MasterOffered | MasterSet
