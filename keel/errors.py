"""The base of all errors that Keel raises on purpose."""


class KeelError(Exception):
    """What a person at a terminal may read as it is: one line, in words of what was asked for."""
