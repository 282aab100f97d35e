"""Chargers that tests of the interfaces ask, and the zones that these stand in."""

from tests.api.door import door
from tests.api.v1.v1 import client, saved
from tests.api.zones import amsterdam, berlin

__all__ = ["amsterdam", "berlin", "client", "door", "saved"]
