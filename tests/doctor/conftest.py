"""What the doctor's tests share."""

from tests.silicon.conftest import silicon, under_hooks

__all__ = ["silicon", "under_hooks"]
