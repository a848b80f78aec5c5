"""The execution chain: start Anvil or attach to one, speak JSON-RPC, bind contracts.

Amounts are ints in wei unless the name says gwei, times are Unix seconds, addresses leave this
package checksummed (EIP-55) and enter it in any case.
"""
