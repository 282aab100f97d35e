"""How often one may guess: wrong secrets cost their address ever more waiting, and many addresses wait together.

Owns the counting only; what a secret is, and whether it is right, is its caller's. Pure: time comes in as ``now_s``,
monotonic. Waiting is counted for each address, so that one who guesses does not keep the owner out. A PIN is short, so
against guesses at it from many addresses there is a brake on all together, which those are free of that gave the right
secret before. A password is long, and its owner is not held back by others.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final

FREE_TRIES: Final = 3
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
FORGIVEN_AFTER_S: Final = 3_600.0
FREE_OF_ALL: Final = 20
"""Wrong tries of all addresses together; another one comes every LONGEST_WAIT_S, as if they were one address."""

_OF_A_HOME: Final = ipaddress.IPv6Network("fc00::/7")
_MOST_ADDRESSES: Final = 200
_MOST_GOOD: Final = 50


@dataclass(frozen=True, slots=True)
class _Wrong:
    """The wrong tries of one address."""

    count: int = 0
    wait_until: float = 0.0
    forgiven_at: float = 0.0


class Brake:
    """The wrong PINs of all addresses together."""

    def __init__(self) -> None:
        self._filled = (float(FREE_OF_ALL), 0.0)  # so many were left, and when; one object, for it is read elsewhere

    def left(self, now_s: float) -> float:
        """How many wrong ones are free still, 0 to FREE_OF_ALL."""
        left, filled_at = self._filled
        return min(float(FREE_OF_ALL), left + max(0.0, now_s - filled_at) / LONGEST_WAIT_S)

    def set(self, left: float, now_s: float) -> None:
        """So many are free now."""
        self._filled = (min(float(FREE_OF_ALL), max(0.0, left)), now_s)

    def wait_s(self, now_s: float) -> float:
        """How many seconds until one is looked at; 0 or less: at once."""
        return (1.0 - self.left(now_s)) * LONGEST_WAIT_S

    def wrong(self, now_s: float) -> None:
        """One was wrong."""
        self.set(self.left(now_s) - 1.0, now_s)


class Tries:
    """The wrong tries of everybody at one secret; with a ``brake`` where it is a PIN."""

    def __init__(self, brake: Brake | None = None) -> None:
        self._brake = brake
        self._wrong: dict[str, _Wrong] = {}
        self._good: OrderedDict[str, None] = OrderedDict()

    def wait_s(self, address: str, now_s: float) -> int:
        """How many seconds ``address`` has to wait until a try of it is looked at; 0: it need not."""
        own = self._wrong.get(network_of(address), _Wrong()).wait_until - now_s
        braked = 0.0 if self._brake is None or self.knows(address) else self._brake.wait_s(now_s)
        return max(0, ceil(max(own, braked)))

    def wrong(self, address: str, now_s: float) -> None:
        """A try of ``address`` was wrong."""
        for key in [key for key, wrong in self._wrong.items() if now_s >= wrong.forgiven_at]:
            del self._wrong[key]
        key = network_of(address)
        if key not in self._wrong and len(self._wrong) >= _MOST_ADDRESSES:  # who guessed least is forgotten
            del self._wrong[min(self._wrong, key=lambda known: self._wrong[known].count)]
        count = self._wrong.get(key, _Wrong()).count + 1
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (count - FREE_TRIES)) if count >= FREE_TRIES else 0.0
        self._wrong[key] = _Wrong(count, now_s + wait, now_s + FORGIVEN_AFTER_S)
        if self._brake is not None:
            self._brake.wrong(now_s)

    def knows(self, address: str) -> bool:
        """Whether ``address`` gave the right secret before."""
        return address in self._good

    def right(self, address: str) -> None:
        """A try of ``address`` was right: it starts afresh."""
        self._wrong.pop(network_of(address), None)
        self._good[address] = None
        self._good.move_to_end(address)
        while len(self._good) > _MOST_GOOD:
            self._good.popitem(last=False)


def network_of(address: str) -> str:
    """Who waits together: an address of IPv4 or of the home's own network, else a network of IPv6."""
    try:
        host = ipaddress.ip_address(address.partition("%")[0])  # a link-local one names its interface behind it
    except ValueError:
        return address
    if not isinstance(host, ipaddress.IPv6Address):
        return address
    if host.is_link_local or host in _OF_A_HOME:  # every device of it is in the same network
        return str(host.ipv4_mapped or host)
    return str(host.ipv4_mapped or ipaddress.ip_network((int(host), 64), strict=False))
