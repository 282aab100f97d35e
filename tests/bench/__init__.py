"""What evsed costs on this machine, and what its regulation makes of recorded days. Measures; nothing here can fail."""
