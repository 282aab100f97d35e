"""The environment of processes that a thread of a test starts."""

import os

AS_COLLECTED = dict(os.environ)
"""As it was when the tests were read. Who gives none lets the new process read the one that pytest, on its own thread,
is just writing the next test's name into: now and then it does not start, with "Bad address"."""
