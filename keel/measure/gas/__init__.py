"""The gas of every operation, in one scenario that gives the same integers on every run.

`world` is the chain and its people, `steady` brings it to the state from which operations are
measured, `operations` has one function for each, `scenario` runs them all.
"""
