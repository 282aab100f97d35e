"""`evsed replay`: what the charger would have done on a recorded day, in virtual time."""
