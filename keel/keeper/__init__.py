"""The chores of the protocol that need no trust in whoever does them: keys, staking."""
