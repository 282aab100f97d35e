"""The documents: which there are, what is in them, and the parts of them that are made from the code."""
