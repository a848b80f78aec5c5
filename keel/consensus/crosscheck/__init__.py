"""An independent check of the beacon chain: another client replays a run of all operations."""
