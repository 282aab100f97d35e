"""Alerts: somebody is told when a fault keeps a plugged-in car from charging. Off until a way is chosen."""
