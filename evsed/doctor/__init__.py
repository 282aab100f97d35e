"""`evsed doctor`: looks at an installation and says what is there, what is not, and what to do."""
