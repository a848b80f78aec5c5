"""What a beacon state of a million validators costs to read, hash and prove, and how it grows.

`states` makes the states, `measures` are the things measured, each in a process of its own
(`child`, `running`), `table` lays the figures out, `command` runs all and writes docs/scale.md.
"""
