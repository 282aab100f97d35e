"""The web page in Debian's Chromium, against a simulated charger."""
