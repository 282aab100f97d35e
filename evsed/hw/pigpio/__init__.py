"""The pilot by pigpiod, the GPIO daemon of a Pi 0 to 4."""
