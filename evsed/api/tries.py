"""How often one may guess: wrong secrets cost their address ever more waiting, and many addresses wait together.

Owns the counting only; what a secret is, and whether it is right, is its caller's. Pure: time comes in as ``now_s``,
monotonic. Waiting is counted for each address, so that one who guesses does not keep the owner out. Against guesses
from many addresses there is a brake on all together, which those are free of that gave the right secret before.
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

_MOST_ADDRESSES: Final = 200
_MOST_GOOD: Final = 50
_REST: Final = "all others"


@dataclass(frozen=True, slots=True)
class _Wrong:
    """The wrong tries of one address."""

    count: int = 0
    wait_until: float = 0.0
    forgiven_at: float = 0.0


class Tries:
    """The wrong tries of everybody at one door."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, _Wrong] = OrderedDict()
        self._good: OrderedDict[str, None] = OrderedDict()
        self._left = float(FREE_OF_ALL)
        self._filled_at = 0.0

    def wait_s(self, address: str, now_s: float) -> int:
        """How many seconds ``address`` has to wait until a try of it is looked at; 0: it need not."""
        own = self._wrong.get(self._key(address), _Wrong()).wait_until - now_s
        braked = 0.0 if _network(address) in self._good else (1.0 - self._filled(now_s)) * LONGEST_WAIT_S
        return max(0, ceil(max(own, braked)))

    def wrong(self, address: str, now_s: float) -> None:
        """A try of ``address`` was wrong."""
        for key in [key for key, wrong in self._wrong.items() if now_s >= wrong.forgiven_at]:
            del self._wrong[key]
        key = self._key(address)
        count = self._wrong.get(key, _Wrong()).count + 1
        wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (count - FREE_TRIES)) if count >= FREE_TRIES else 0.0
        self._wrong[key] = _Wrong(count, now_s + wait, now_s + FORGIVEN_AFTER_S)
        self._left, self._filled_at = max(0.0, self._filled(now_s) - 1.0), now_s

    def right(self, address: str) -> None:
        """A try of ``address`` was right: it starts afresh."""
        self._wrong.pop(self._key(address), None)
        network = _network(address)
        self._good[network] = None
        self._good.move_to_end(network)
        while len(self._good) > _MOST_GOOD:
            self._good.popitem(last=False)

    def _filled(self, now_s: float) -> float:
        return min(float(FREE_OF_ALL), self._left + (now_s - self._filled_at) / LONGEST_WAIT_S)

    def _key(self, address: str) -> str:
        """Who waits together: an IPv4 address, an IPv6 network, and everybody once too many have guessed wrong."""
        key = _network(address)
        return key if key in self._wrong or len(self._wrong) < _MOST_ADDRESSES else _REST


def _network(address: str) -> str:
    try:
        host = ipaddress.ip_address(address.partition("%")[0])  # a link-local one names its interface behind it
    except ValueError:
        return address
    if isinstance(host, ipaddress.IPv6Address):
        return str(host.ipv4_mapped or ipaddress.ip_network((int(host), 64), strict=False))
    return address
