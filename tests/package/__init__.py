"""Installs the packages on clean systems. Run by ``make package-test`` as root; left out of ``make test``."""
