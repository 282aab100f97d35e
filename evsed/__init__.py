"""evsed: a smart car charger on a Raspberry Pi with an EVSE board."""

__version__ = "0.10.0"
