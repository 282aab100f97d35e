"""How a screen of evsed.core.screens becomes a picture of 128 x 64 dots."""
