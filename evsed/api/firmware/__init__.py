"""REST as clients of the SmartEVSE firmware know it: its parameters, echoes, dialects and paths."""
