"""``evsed-update``: installs one package of evsed, and brings the old one back when the new one is not healthy."""
