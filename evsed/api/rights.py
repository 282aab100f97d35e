"""What a request may do, and what each route needs: the one table of who may ask what.

The more one may, the higher: NOTHING, READ, OPERATE, INSTALL. Who asks is found out before a route is reached, and
stands in the request; a route that needs more for some of what it takes (an installer's setting) looks there.
"""

from enum import IntEnum
from typing import Final

from fastapi import Request


class Right(IntEnum):
    """What somebody may do."""

    NOTHING = 0
    READ = 1  # look
    OPERATE = 2  # what an owner does: charge, choose, set the owner's settings
    INSTALL = 3  # what belongs to the electrical installation, the unit's software and its credentials


_KEY: Final = "evsed.right"


def right_of(request: Request) -> Right:
    """What the one who sent ``request`` may do."""
    found = request.scope.get(_KEY)
    return found if isinstance(found, Right) else Right.OPERATE
