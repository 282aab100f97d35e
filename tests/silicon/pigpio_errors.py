"""pigpio's error numbers, by pigpio.h's names."""

from enum import IntEnum


class Error(IntEnum):
    """What a refused command answers."""

    BAD_USER_GPIO = -2
    BAD_GPIO = -3
    BAD_MODE = -4
    BAD_LEVEL = -5
    BAD_PUD = -6
    BAD_DUTYCYCLE = -8
    BAD_WDOG_TIMEOUT = -15
    BAD_DUTYRANGE = -21
    NO_HANDLE = -24
    BAD_HANDLE = -25
    NOT_PERMITTED = -41
    BAD_SCRIPT_ID = -48
    DUP_TAG = -53
    TOO_MANY_TAGS = -54
    BAD_SCRIPT_CMD = -55
    NO_SCRIPT_ROOM = -57
    TOO_MANY_PARAM = -61
    SCRIPT_NOT_READY = -62
    BAD_TAG = -63
    BAD_MICS_DELAY = -64
    BAD_MILS_DELAY = -65
    UNKNOWN_COMMAND = -88
    NOT_PWM_GPIO = -92
    NOT_HPWM_GPIO = -95
    BAD_HPWM_FREQ = -96
    BAD_HPWM_DUTY = -97
    BAD_FILTER = -125


class RefusedError(Exception):
    """A command is refused with this error."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.name)
        self.error = error
