"""The protocol's rules as plain-integer functions; nothing here reads the chain."""
