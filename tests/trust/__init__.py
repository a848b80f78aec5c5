"""What each actor can take or freeze of 10,000 ETH that others hold, tried on the contracts."""
