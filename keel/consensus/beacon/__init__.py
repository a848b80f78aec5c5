"""A beacon chain on one machine: the executable specification drives Anvil slot by slot."""
