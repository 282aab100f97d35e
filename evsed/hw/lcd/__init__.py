"""The LCD: an ST7567 on SPI with its backlight, on a thread of its own."""
