"""Control of a running beacon chain from the command line, through a socket next to its folder."""
