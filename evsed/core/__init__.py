"""The pure charging core: no clock, no I/O, no threads. Time comes in as ``now``, monotonic milliseconds."""
