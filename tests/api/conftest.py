"""Chargers that tests of the interfaces ask."""

from tests.api.v1.v1 import client, saved

__all__ = ["client", "saved"]
