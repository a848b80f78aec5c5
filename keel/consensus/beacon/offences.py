"""What validators are slashed for, signed with the culprits' own keys.

Each function queues the proof for the next block; the specification decides the penalties, the
one for many slashings at a time included.
"""

from collections.abc import Iterable
from typing import Any

from keel.consensus.beacon.attestations import attestation_data, sign_attestation
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import OperationRefusedError


def propose_twice(chain: BeaconChain, index: int) -> None:
    """Have a validator sign a second block for the slot of its latest one (double proposal).

    One that never proposed signs two for the present slot; both prove the same to the
    specification. Raises OperationRefusedError for a validator that cannot be slashed.
    """
    spec = chain.spec
    first = _latest_header(chain, index) or _sign_header(
        chain, spec.BeaconBlockHeader(slot=chain.state.slot, proposer_index=index)
    )
    second = first.message.copy()
    second.body_root = spec.hash_tree_root(second)
    slashing = spec.ProposerSlashing(
        signed_header_1=first, signed_header_2=_sign_header(chain, second)
    )
    chain.pool.submit(spec, chain.state, "proposer_slashings", slashing)


def vote_twice(chain: BeaconChain, indices: Iterable[int]) -> None:
    """Have validators attest to two blocks in one epoch (double vote); one proof for them all."""
    honest = attestation_data(chain.spec, chain.state, chain.head_root)
    other = honest.copy()
    other.beacon_block_root = chain.spec.hash_tree_root(honest)
    _submit(chain, honest, other, indices)


def vote_around(chain: BeaconChain, indices: Iterable[int]) -> None:
    """Have validators attest around an earlier vote of theirs (surround vote).

    The outer vote goes from epoch 0 to the present one, the inner one is between them; before
    epoch 2 there is no room for it.
    """
    spec = chain.spec
    if chain.epoch < 2:
        raise OperationRefusedError("a surround vote needs two earlier epochs")
    outer = attestation_data(spec, chain.state, chain.head_root)
    inner = outer.copy()
    outer.source = spec.Checkpoint(epoch=0, root=spec.Root())
    inner.target = spec.Checkpoint(
        epoch=chain.epoch - 1, root=spec.get_block_root(chain.state, spec.Epoch(chain.epoch - 1))
    )
    inner.slot = inner.slot - spec.SLOTS_PER_EPOCH
    inner.source = spec.Checkpoint(epoch=1, root=spec.Root())
    _submit(chain, outer, inner, indices)


def _submit(chain: BeaconChain, first: Any, second: Any, indices: Iterable[int]) -> None:
    culprits = sorted(set(indices))
    slashing = chain.spec.AttesterSlashing(
        attestation_1=_indexed(chain, first, culprits),
        attestation_2=_indexed(chain, second, culprits),
    )
    chain.pool.submit(chain.spec, chain.state, "attester_slashings", slashing)


def _indexed(chain: BeaconChain, data: Any, indices: list[int]) -> Any:
    attestation = chain.spec.IndexedAttestation(
        data=data, signature=sign_attestation(chain.spec, chain.state, data, indices, chain.keys)
    )
    attestation.attesting_indices = type(attestation.attesting_indices)(data=indices)
    return attestation


def _sign_header(chain: BeaconChain, header: Any) -> Any:
    spec = chain.spec
    epoch = spec.compute_epoch_at_slot(header.slot)
    domain = spec.get_domain(chain.state, spec.DOMAIN_BEACON_PROPOSER, epoch)
    signing_root = bytes(spec.compute_signing_root(header, domain))
    pubkey = bytes(chain.state.validators[header.proposer_index].pubkey)
    signature = spec.BLSSignature(chain.keys.sign(pubkey, signing_root))
    return spec.SignedBeaconBlockHeader(message=header, signature=signature)


def _latest_header(chain: BeaconChain, index: int) -> Any | None:
    """Header of the latest block that a validator really proposed."""
    root = chain.store.latest_of.get(index)
    if root is None:
        return None
    header: Any = chain.spec.compute_signed_block_header(chain.store.block(root))
    return header
