"""Tests of evsed.api."""
