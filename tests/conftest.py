"""For all tests: who ends them ends what they have started."""

import signal


def pytest_configure() -> None:
    """SIGTERM, as of ``timeout``, is taken as Ctrl-C is: fixtures end their daemons, which go on for ever otherwise."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
