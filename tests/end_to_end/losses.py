"""What a loss must do to everybody, worked out from the specification and from the model."""

from collections.abc import Sequence

from keel.circle.reports import Reported
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.offences import vote_twice
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.penalties import penalties_in_state
from keel.model.stream import Stream, unvested_wei
from keel.model.waterfall import LossShared, share_loss
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.validators import Slashed
from tests.end_to_end.story import Story


def slash(chain: BeaconChain, indices: list[int]) -> Slashed:
    """Let validators vote twice; the next block proves it."""
    spec = chain.spec
    before = sum(int(chain.state.balances[index]) for index in indices)
    vote_twice(chain, indices)
    chain.run_until(
        lambda chain: all(chain.state.validators[index].slashed for index in indices),
        most=int(spec.SLOTS_PER_EPOCH),
        what="the slashing",
    )
    state = chain.state
    after = sum(int(state.balances[index]) for index in indices)
    withdrawable = {int(state.validators[index].withdrawable_epoch) for index in indices}
    (withdrawable_epoch,) = withdrawable
    penalty_epoch = withdrawable_epoch - int(spec.EPOCHS_PER_SLASHINGS_VECTOR) // 2
    penalty_slot = (penalty_epoch + 1) * int(spec.SLOTS_PER_EPOCH)
    views = read_state(spec, state.encode_bytes())
    expected = sum(int(penalties_in_state(views)[index]) for index in indices)
    return Slashed(tuple(indices), chain.slot, before - after, expected, penalty_slot)


def worth_gwei(world: BeaconWorld, slashed: Slashed, ref_slot: int) -> int:
    """What the slashed validators count in C at a slot, by the beacon state alone."""
    standings = world.beacon.standings(ref_slot).values()
    return sum(one.worth_gwei for one in standings if one.index in slashed.indices)


def most_missed_in_sync_committees_gwei(chain: BeaconChain, indices: Sequence[int]) -> int:
    """What validators lose at most because they no longer sign in the committees they are in.

    Expected penalties leave it out: whether somebody goes on signing is not in the state.
    """
    spec, state = chain.spec, chain.state
    members = [*state.current_sync_committee.pubkeys, *state.next_sync_committee.pubkeys]
    seats = sum(members.count(state.validators[index].pubkey) for index in indices)
    slots = int(spec.EPOCHS_PER_SYNC_COMMITTEE_PERIOD) * int(spec.SLOTS_PER_EPOCH)
    increments = int(spec.get_total_active_balance(state)) // int(spec.EFFECTIVE_BALANCE_INCREMENT)
    rewards = int(spec.get_base_reward_per_increment(state)) * increments
    rewards = rewards * int(spec.SYNC_REWARD_WEIGHT) // int(spec.WEIGHT_DENOMINATOR)
    each = rewards // int(spec.SLOTS_PER_EPOCH) // int(spec.SYNC_COMMITTEE_SIZE)
    return seats * slots * each


def indices_of_operator(world: BeaconWorld, operator_id: int, count: int) -> list[int]:
    """So many validators of one operator, the first ones."""
    beacon = world.beacon
    theirs = [
        standing.index
        for pubkey, standing in beacon.standings().items()
        if beacon.operators[pubkey] == operator_id
    ]
    return theirs[:count]


def correlation_penalty_gwei(chain: BeaconChain, slashed: int, active: int) -> int:
    """What each of so many loses, all having 32 ETH, `active` being left (process_slashings)."""
    spec = chain.spec
    step = int(spec.EFFECTIVE_BALANCE_INCREMENT)
    total_gwei = active * 32 * step
    multiplied = slashed * 32 * step * int(spec.PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX)
    return min(multiplied, total_gwei) // (total_gwei // step) * 32


def shared_by_model(story: Story, reported: Reported) -> LossShared:
    """Run a report's loss through the model, from what stood on chain a block before."""
    c, receipt = story.contracts, reported.receipt
    block = receipt.block_number - 1
    shares, backing_wei, _ = c.vault.totals(block=block)
    stream = c.vault.stream(block=block)
    unvested = unvested_wei(
        Stream(stream.unvestedAtStartWei, stream.streamEnd, stream.streamSeconds),
        receipt.timestamp,
    )
    normalised, index = c.queue.pending(block=block)
    return share_loss(
        reported.judgement.lossWei,
        total_shares=shares,
        visible_wei=backing_wei - unvested,
        unvested_wei=unvested,
        normalised=normalised,
        index=index,
        fund_units=c.wrapped.balanceOf(c.fund.address, block=block),
        forfeit_units=c.bonds.forfeitUnits(block=block),
        proven_wei=_proven_wei(story, block),
    )


def _proven_wei(story: Story, block: int) -> int:
    """What keepers had proven slashed since the last report (LOS-2)."""
    vault = story.contracts.vault
    last_ref_time = vault.consensus(block=block).lastRefTime
    noted = vault.events_between(story.world.first_block, block, "SlashingNoted")
    return sum(e.inputs["balanceWei"] for e in noted if e.inputs["slashedBy"] > last_ref_time)


def require_same_parts(reported: Reported, expected: LossShared) -> None:
    """The waterfall on chain took from each what the model takes (LOS-1, LOS-2, LOS-3)."""
    absorbed = reported.event("LossAbsorbed")
    assert absorbed is not None
    told = absorbed.inputs
    assert told["lossWei"] == reported.judgement.lossWei == expected.sum_wei
    assert told["bondWei"] == expected.bond_wei
    assert told["unvestedWei"] == expected.unvested_loss_wei
    assert told["coverWei"] == expected.cover_wei
    assert told["holdersWei"] == expected.holders_loss_wei
    assert told["ticketsWei"] == expected.tickets_loss_wei
