"""``evsed replay``: the core and a simulated car over a recorded day, in virtual time."""
