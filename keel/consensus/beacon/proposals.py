"""A beacon block of one slot: its contents, the specification's verdict, the signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keel.consensus.beacon.attestations import sync_aggregate
from keel.consensus.beacon.keyring import Keyring
from keel.consensus.beacon.participation import Participation
from keel.consensus.beacon.pool import Operations
from keel.consensus.beacon.spec import Block, Spec, State, trusting_own_signatures


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a proposer puts into its block next to its own signatures."""

    payload: Any
    requests: Any
    attestations: Sequence[Any]
    operations: Operations


def propose(
    spec: Spec,
    state: State,
    contents: Contents,
    participation: Participation,
    *,
    verify_signatures: bool,
) -> Block:
    """Build, apply and sign the block of the state's slot; the state becomes that after it.

    The specification decides whether the block is valid; an AssertionError of it is a defect of
    this package.
    """
    proposer = spec.get_beacon_proposer_index(state)
    block = spec.BeaconBlock(
        slot=state.slot,
        proposer_index=proposer,
        parent_root=spec.hash_tree_root(state.latest_block_header),
        body=_body(spec, state, contents, participation),
    )
    with trusting_own_signatures(not verify_signatures):
        spec.process_block(state, block)
    block.state_root = spec.hash_tree_root(state)
    signed = spec.SignedBeaconBlock(
        message=block, signature=_sign(spec, state, block, participation.keys)
    )
    if verify_signatures and not spec.verify_block_signature(state, signed):
        raise AssertionError("the proposer's signature does not verify")
    return signed


def randao_reveal(spec: Spec, state: State, pubkey: bytes, keys: Keyring) -> Any:
    """Return the proposer's signature of the epoch."""
    epoch = spec.get_current_epoch(state)
    domain = spec.get_domain(state, spec.DOMAIN_RANDAO)
    return spec.BLSSignature(keys.sign(pubkey, bytes(spec.compute_signing_root(epoch, domain))))


def _body(spec: Spec, state: State, contents: Contents, participation: Participation) -> Any:
    pubkey = bytes(state.validators[spec.get_beacon_proposer_index(state)].pubkey)
    body = spec.BeaconBlockBody(
        randao_reveal=randao_reveal(spec, state, pubkey, participation.keys),
        eth1_data=state.eth1_data.copy(),
        graffiti=b"Keel".ljust(32, b"\0"),
        sync_aggregate=sync_aggregate(spec, state, participation),
        execution_payload=contents.payload,
        execution_requests=contents.requests,
    )
    body.attestations = type(body.attestations)(data=list(contents.attestations))
    for name, operations in contents.operations.items():
        setattr(body, name, type(getattr(body, name))(data=list(operations)))
    return body


def _sign(spec: Spec, state: State, block: Any, keys: Keyring) -> Any:
    pubkey = bytes(state.validators[block.proposer_index].pubkey)
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_PROPOSER)
    return spec.BLSSignature(keys.sign(pubkey, bytes(spec.compute_signing_root(block, domain))))
