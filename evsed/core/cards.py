"""Cards: who may let a car charge with one, and which card has let the car charge that is there now."""


class Cards:
    """The card that this plug-in belongs to."""

    def __init__(self) -> None:
        self.holder = ""
        """The UID (12 or 14 hexadecimal digits, upper case) that let this car charge; empty: no card did."""
