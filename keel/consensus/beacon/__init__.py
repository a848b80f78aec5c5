"""A beacon chain on the desk: the executable consensus specification drives Anvil slot by slot."""
