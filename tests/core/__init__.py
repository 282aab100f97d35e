"""Tests of evsed.core."""
