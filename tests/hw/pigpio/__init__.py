"""Tests of evsed.hw."""
