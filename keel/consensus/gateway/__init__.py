"""The RPC address of a local chain: Anvil's own answers, and what has to move both layers."""
