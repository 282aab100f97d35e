"""Chargers that tests of the interfaces ask."""

from tests.api.door import door
from tests.api.v1.v1 import client, saved

__all__ = ["client", "door", "saved"]
