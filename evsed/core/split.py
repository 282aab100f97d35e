"""How a current is split between cars. Pure."""

from collections.abc import Sequence

from evsed.core.units import Deciamps


def split(total: Deciamps, mosts: Sequence[Deciamps]) -> list[Deciamps]:
    """``total`` over cars that take at most ``mosts`` each.

    Every car gets the average, one that takes less gets what it takes, and the rest is split again. The sum is never
    above ``total``; what a division leaves goes to the last ones.
    """
    shares = [0] * len(mosts)
    left = max(0, total)
    order = sorted(range(len(mosts)), key=lambda car: mosts[car])  # stable: equal cars keep their order
    for done, car in enumerate(order):
        shares[car] = min(mosts[car], left // (len(mosts) - done))
        left -= shares[car]
    return shares


def split_unused(total: Deciamps, mosts: Sequence[Deciamps], takes: Sequence[Deciamps | None]) -> list[Deciamps]:
    """``split``, in which what cars are known not to take (``takes``; None: all) goes to the others first."""
    wanted = [most if taken is None else min(most, taken) for most, taken in zip(mosts, takes, strict=True)]
    shares = split(total, wanted)
    spare = split(total - sum(shares), [most - share for most, share in zip(mosts, shares, strict=True)])
    return [share + more for share, more in zip(shares, spare, strict=True)]
