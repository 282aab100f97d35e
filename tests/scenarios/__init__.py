"""Whole daemons beside a simulated plant, used as an owner would."""
