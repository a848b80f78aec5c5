"""The protocol's quarterly statement, from its events alone."""
