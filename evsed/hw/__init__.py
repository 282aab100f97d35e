"""Adapters to the outside: board, bus, meters. Each knows one piece of hardware; none decides anything."""
