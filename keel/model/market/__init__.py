"""The market pieces' rules (docs/market_design.md) as plain-integer functions."""
