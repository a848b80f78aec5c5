"""`python -m keel`."""

from keel.command import main

main()
