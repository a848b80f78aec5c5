"""Attestations and sync committee messages of the validators that take part."""

from typing import Any

from keel.consensus.beacon.keyring import Keyring
from keel.consensus.beacon.participation import Participation
from keel.consensus.beacon.spec import Spec, State, list_of


def attest(spec: Spec, state: State, head_root: bytes, participation: Participation) -> Any | None:
    """Return one aggregate over all committees of the state's slot, None if nobody attests."""
    data = attestation_data(spec, state, head_root)
    bits: list[bool] = []
    attesters: list[int] = []
    committees: list[bool] = [False] * int(spec.MAX_COMMITTEES_PER_SLOT)
    for number in range(int(spec.get_committee_count_per_slot(state, data.target.epoch))):
        committee = spec.get_beacon_committee(state, state.slot, spec.CommitteeIndex(number))
        present = [participation.takes_part(state, int(index)) for index in committee]
        if any(present):
            committees[number] = True
            bits += present
            attesters += [int(i) for i, there in zip(committee, present, strict=True) if there]
    if not attesters:
        return None
    attestation = spec.Attestation(data=data)
    attestation.aggregation_bits = list_of(attestation, "aggregation_bits", bits)
    attestation.committee_bits = list_of(attestation, "committee_bits", committees)
    attestation.signature = sign_attestation(spec, state, data, attesters, participation.keys)
    return attestation


def attestation_data(spec: Spec, state: State, head_root: bytes) -> Any:
    """Return what an honest validator attests to in the state's slot."""
    epoch = spec.get_current_epoch(state)
    starts_epoch = state.slot == spec.compute_start_slot_at_epoch(epoch)
    target_root = head_root if starts_epoch else spec.get_block_root(state, epoch)
    return spec.AttestationData(
        slot=state.slot,
        beacon_block_root=head_root,
        source=state.current_justified_checkpoint.copy(),
        target=spec.Checkpoint(epoch=epoch, root=target_root),
    )


def sign_attestation(spec: Spec, state: State, data: Any, indices: list[int], keys: Keyring) -> Any:
    """Return the aggregate signature of these validators."""
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_ATTESTER, data.target.epoch)
    signing_root = bytes(spec.compute_signing_root(data, domain))
    pubkeys = [bytes(state.validators[index].pubkey) for index in indices]
    return spec.BLSSignature(keys.sign_together(pubkeys, signing_root))


def sync_aggregate(spec: Spec, state: State, participation: Participation) -> Any:
    """Return the sync committee's signature of the block before, by those who take part."""
    previous_slot = spec.saturating_sub(state.slot, 1)
    domain = spec.get_domain(
        state, spec.DOMAIN_SYNC_COMMITTEE, spec.compute_epoch_at_slot(previous_slot)
    )
    signing_root = bytes(
        spec.compute_signing_root(spec.get_block_root_at_slot(state, previous_slot), domain)
    )
    index_of = {bytes(v.pubkey): index for index, v in enumerate(state.validators)}
    members = [bytes(pubkey) for pubkey in state.current_sync_committee.pubkeys]
    present = [participation.takes_part(state, index_of[pubkey]) for pubkey in members]
    aggregate = spec.SyncAggregate()
    aggregate.sync_committee_bits = list_of(aggregate, "sync_committee_bits", present)
    signers = [pubkey for pubkey, there in zip(members, present, strict=True) if there]
    aggregate.sync_committee_signature = spec.BLSSignature(
        participation.keys.sign_together(signers, signing_root)
        if signers
        else bytes(spec.G2_POINT_AT_INFINITY)
    )
    return aggregate
