"""Set-up of the tools that Keel is built, tested and run with."""
