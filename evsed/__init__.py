"""evsed: a smart car charger on a Raspberry Pi with an EVSE board."""

__version__ = "0.11.0"
