"""What reporter, keeper and page read from both layers: validators, accounts, events."""
