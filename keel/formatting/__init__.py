"""Amounts and tables as all commands show them."""
