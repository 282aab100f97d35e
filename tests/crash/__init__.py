"""Kills, freezes and breaks the real processes while a fake car charges, and measures how fast all is safe."""
