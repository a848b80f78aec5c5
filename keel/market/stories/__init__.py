"""What happens to wkETH in real markets: each story is lived on a chain of its own and told in figures.

Times, accounts and amounts are fixed, so everybody sees the same figures to the wei.
"""
