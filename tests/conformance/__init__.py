"""Replays recorded runs of the firmware that owners know on our core, and judges what differs. See __main__.py."""
