"""What happens to wkETH in real markets: stories, each lived on a chain of its own.

Times, accounts and amounts are fixed, so everybody sees the same figures to the wei.
"""
