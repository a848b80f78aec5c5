"""`python -m keel.keeper`."""

from keel.keeper.command import main

main()
