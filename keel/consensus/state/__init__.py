"""A BeaconState of any size, read from its SSZ bytes.

`layout` takes the shape from the specification's types, `encoded_state` gives numpy views of the
large lists, `tree` hashes the whole and keeps what proofs need, `proof` makes proofs that
EIP-4788's root verifies.
"""
