"""The silicon that is not here: a fake Raspberry Pi's chips, at the boundary where the kernel or pigpiod would be."""
