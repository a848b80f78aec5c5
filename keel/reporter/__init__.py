"""One member of the oracle's committee: from the beacon state to a posted report."""
