"""Nobody with a role is left: anyone proves, asks for exits and winds the protocol down."""

from pathlib import Path

from keel.chain.state import balance_wei
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.actors import OPERATOR_MANAGERS
from keel.model.commitment import public_key_hash
from keel.model.constants import DEAD_FRAMES, ETHER, SHARES_PER_UNIT
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.exits import ask_exit
from keel.scenarios.identity import last_ref_time
from keel.scenarios.operators import history_of, predeposit_keys, write_key_file
from keel.scenarios.slashings import prove_slashed
from keel.scenarios.users import claim_ticket, request_ticket
from keel.scenarios.validators import sign_twice
from tests.causes import fails
from tests.keeper.stage import sleep_to
from tests.unit.consensus.state_examples import NEVER

ANYONE = "stranger"
MOST_SLOTS = 2_000
EARLY_WEI = 200 * ETHER
KEYS = 24


def test_all_ether_of_holders_leaves_with_no_role_alive(
    validating_world: BeaconWorld, tmp_path: Path
) -> None:
    """A holder who asks early and one who waits, wkETH, a slashed validator, operators' bonds."""
    world, c = validating_world, validating_world.contracts
    anyone = world.actors[ANYONE]
    never_staked = write_key_file(world, tmp_path, KEYS, 1)
    predeposit_keys(world, 0, world.actors[OPERATOR_MANAGERS[0]], never_staked)
    prove_slashed(world, sign_twice(world, 1), ANYONE)
    world.beacon.go_to(last_ref_time(world) + DEAD_FRAMES * world.profile.frame_seconds)
    assert c.vault.state() == State.DEAD

    early = request_ticket(world, "depositor", EARLY_WEI)
    for life in history_of(world).keys_at(Stage.STAKED):
        ask_exit(world, life.pubkey, ANYONE)
    pubkeys = list(world.beacon.operators)
    world.beacon.chain.run_until(lambda chain: paid_out(world, chain), MOST_SLOTS, what="payouts")
    with fails("KeysLive", liveKeys=KEYS):
        c.vault.windDown.send(0, sender=anyone)
    prover, block = world.beacon.shown()
    for pubkey in pubkeys:
        proof = prover.validator(c.registry.keyOf(public_key_hash(pubkey)).validatorIndex)
        c.registry.proveWithdrawn.send(block, *proof, sender=anyone)
    c.vault.windDown.send(0, sender=anyone)  # all that was staked came back, so nothing waits
    books = c.vault.consensus()
    assert (books.balanceWei, books.pendingWei, c.vault.state()) == (0, 0, State.DEAD)
    assert 0 <= EARLY_WEI - claim_ticket(world, early).paid_wei < ETHER // 10
    require_books(world)

    cooled_at = max(c.bonds.leavingOf(public_key_hash(pubkey)).payableAt for pubkey in pubkeys)
    sleep_to(world.beacon.chain, world.beacon.slot_at(cooled_at))
    for pubkey in pubkeys:
        if c.bonds.leavingOf(public_key_hash(pubkey)).units:
            c.bonds.pay.send(public_key_hash(pubkey), sender=anyone)
    leaving = ("depositor", "holder", *OPERATOR_MANAGERS)
    tickets = [leave_whole(world, actor) for actor in leaving]
    c.vault.finaliseWithoutReport.send(0, sender=anyone)
    for ticket in tickets:
        claimed = claim_ticket(world, ticket)
        assert 0 <= claimed.asked_wei - claimed.paid_wei <= 1
    require_books(world)

    who = [world.actors[actor] for actor in leaving]
    assert sum(c.vault.balanceOf(each) + c.wrapped.balanceOf(each) for each in who) <= len(who)
    assert c.queue.owedWei() == 0
    stays = {
        "the first deposit": c.vault.sharesOf(c.vault.address),
        "the fund": c.wrapped.balanceOf(c.fund.address) * SHARES_PER_UNIT,
        "forfeit and not needed": c.bonds.forfeitUnits() * SHARES_PER_UNIT,
        "the treasury": c.vault.sharesOf(world.actors["treasury"]),
        "operators' rewards": c.vault.sharesOf(c.registry.address),
    }
    dust = c.vault.totalShares() - sum(stays.values())
    assert 0 <= dust <= 100 * SHARES_PER_UNIT, stays
    (waiting,) = history_of(world).keys_at(Stage.PREDEPOSITED)
    validators = world.beacon.chain.state.validators
    (stuck,) = [one for one in validators if bytes(one.pubkey) == waiting.pubkey]
    assert (int(stuck.effective_balance), stuck.exit_epoch) == (10**9, NEVER)  # nor can it leave


def require_books(world: BeaconWorld) -> None:
    """Nothing is staked any more: the vault's ether is A + Q (ACC-1)."""
    c = world.contracts
    held_wei = balance_wei(world.rpc, c.vault.address)
    assert held_wei == c.vault.totals().assetsWei + c.queue.owedWei()


def paid_out(world: BeaconWorld, chain: BeaconChain) -> bool:
    """Whether every validator of the pool is, by the state."""
    validators = chain.state.validators
    ours = [standing.index for standing in world.beacon.standings().values()]
    return all(
        int(validators[index].effective_balance) == 0
        and int(validators[index].withdrawable_epoch) <= chain.epoch
        for index in ours
    )


def leave_whole(world: BeaconWorld, actor: str) -> int:
    """Unwrap all wkETH, and ask for all kETH."""
    c, who = world.contracts, world.actors[actor]
    units = c.wrapped.balanceOf(who)
    if units:
        c.wrapped.redeem.send(units, who, who, sender=who)
    return request_ticket(world, actor, c.vault.balanceOf(who))
