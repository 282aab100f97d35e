"""Long runs in virtual time: a day of frames, 30 days of bus events, and whether memory stays flat."""
