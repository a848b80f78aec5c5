"""`python -m keel.monitor`."""

from keel.monitor.command import main

main()
