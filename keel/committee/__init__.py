"""The oracle's committee: ballots, what members send each other, and when they are due."""
