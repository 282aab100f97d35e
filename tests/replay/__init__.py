"""Tests of evsed.replay."""
