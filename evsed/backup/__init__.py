"""What of a charger is saved and brought back: files of settings, what one would change. Pure but for kept.py."""
