"""Makes traces of the same kinds as the recorded ones, for judging the regulation on days it was not tuned to.

Each part has the figures measured on the recorded traces (reference/README.md) as constants. A kind and a seed always
give the same trace. ``python -m tests.traces KIND SEED OUT.csv.gz``
"""
