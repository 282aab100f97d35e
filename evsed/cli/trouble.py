"""What goes wrong between the command line and a charger; each text is for whoever typed the command."""


class TroubleError(Exception):
    """It cannot be done; the text says why and what to do, ``status`` is the exit status."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class SilentError(TroubleError):
    """Nobody answers at all."""


class RefusedError(TroubleError):
    """The charger does not take it, and has changed nothing."""


class ForbiddenError(RefusedError):
    """The charger does not take it from the one who asks."""
