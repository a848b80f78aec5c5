"""`python -m keel.reporter`."""

from keel.reporter.command import main

main()
