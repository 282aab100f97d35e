"""What the LCD says, from the Snapshot and the moment alone; how it is drawn is evsed/lcd's."""
