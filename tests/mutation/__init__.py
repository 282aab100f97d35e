"""Mutation testing of the modules that safety rests on; ``make mutation``, outside CI."""
