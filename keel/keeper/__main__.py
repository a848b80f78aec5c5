"""`python -m keel.keeper`."""

from keel.keeper.command import cli

cli(prog_name="keel-keeper")
