"""Pictures of the LCD."""
