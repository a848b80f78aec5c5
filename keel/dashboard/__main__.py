"""`python -m keel.dashboard`."""

from keel.dashboard.command import cli

cli(prog_name="python -m keel.dashboard")
