"""The rules of docs/bounded.md: the protocol's rules once the contracts follow them."""
