"""What is taken for granted of an ST7567 and its panel, from the data sheet and from what others have built.

All of it is unconfirmed until seen on a bench (docs/bench-checklist.md); what the board's owner can set instead is in
``[board.lcd]``.
"""

from typing import Final

# Data is taken at the rising edge, so modes 0 and 3 both fit; 0 is what the ADC on the same bus has.
SPI_MODE: Final = 0

# The data sheet wants microseconds; a reset line on a long wire has a capacitor.
RESET_S: Final = 0.001
RESTS_S: Final = 0.002

NOP: Final = 0xE3
"""Sent first: an upset controller may wait for the second byte of a command, and takes this one for it."""

RAM_SHOWN: Final = 0xA4
"""Ends "all points on"; luma's sequence leaves it out, since a reset does it as well."""

SOFT_RESET: Final = 0xE2
"""In place of the reset line: addresses, start line, rows' direction, volume, test mode. Power and memory stay."""

# Fast enough that the eye sees no flicker while the light fades, and one of the frequencies that pigpiod has.
LIGHT_HZ: Final = 200
