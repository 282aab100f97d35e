"""For all tests: who ends them ends what they have started."""

import signal


def pytest_configure() -> None:
    """SIGTERM, as of ``timeout``, is taken as Ctrl-C is: fixtures end their daemons, which go on for ever otherwise.

    A shell lets what it starts in the background ignore Ctrl-C, and so would all that is started here.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
