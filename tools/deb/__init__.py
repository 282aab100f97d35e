"""Builds the Debian packages. Run by debian/rules and by ``make deb``; owns nothing that is installed."""
