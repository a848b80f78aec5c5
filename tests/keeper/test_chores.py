"""A keeper does its chores for a Keel whose validators are active."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.applications import Starlette

from keel.chain.state import nonce, set_balance_wei
from keel.committee.ballot import Ballot, sign
from keel.committee.ballot_box import BallotBox
from keel.committee.exchange import exchange_app
from keel.committee.messages import SignedBallot
from keel.committee.tally import Terms
from keel.committee.timetable import Timetable
from keel.consensus.beacon.requests import top_up
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.deploy.artifacts import Artifacts
from keel.model.commitment import OperatorTotals, public_key_hash
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.exits import ask_exit, consolidate, withdraw_part
from keel.scenarios.keepers import await_staked
from keel.scenarios.members import look, next_reference_slot, operator_totals, report
from keel.scenarios.users import deposit, request_ticket
from keel.serving import serve_app
from tests.keeper.conftest import SECOND_KEEPER
from tests.keeper.stage import asked_exits, events, keepers_beside, leaving
from tests.nursery import Rear
from tests.reporter.stage import metric

_BY_MANAGER, _AGAIN = 0, 5  # IExits.Reason
PLANNED_EXITS = 'keel_keeper_planned{chore="exit"}'


def test_a_large_ticket_is_paid_by_just_enough_exits(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        queue, vault = world.contracts.queue, world.contracts.vault
        world.circle.advance(9, settle_each=True)
        assert asked_exits(world) == []
        ticket = request_ticket(world, "depositor", 80 * ETHER)
        missing_wei = queue.owedWei() - vault.bufferedWei()
        world.circle.until(lambda: len(leaving(world)) == 3, "exits", 24)
        left = leaving(world)
        assert set(left) == set(asked_exits(world)) <= set(world.beacon.operators)
        assert sum(left.values()) * GWEI >= missing_wei
        assert (sum(left.values()) - min(left.values())) * GWEI < missing_wei
        while queue.lastFinalised() < ticket:
            report(world)
        assert sorted(asked_exits(world)) == sorted(left)


def test_a_request_that_the_chain_ignored_is_repeated_when_it_no_longer_would(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    """EXT-5: a partial withdrawal was pending."""
    chain, exits = keepers_world.beacon.chain, keepers_world.contracts.exits
    pubkey = next(iter(keepers_world.beacon.operators))
    manager = _manager_of(keepers_world, pubkey)
    consolidate(keepers_world, pubkey, pubkey, manager)
    index = chain.index_of(pubkey)
    chain.run_until(lambda c: c.state.validators[index].withdrawal_credentials[0] == 2)
    top_up(chain, index, 2 * GWEI, keepers_world.actors["depositor"])
    chain.step()
    chain.run_until(lambda c: not c.state.pending_deposits)
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, chores=["exit"]) as world:
        withdraw_part(world, pubkey, GWEI, manager)
        chain.run_until(lambda c: len(c.state.pending_partial_withdrawals) > 0)
        ask_exit(world, pubkey, manager)
        assert len(chain.state.pending_partial_withdrawals) == 1
        world.circle.advance(2, settle_each=True)
        assert pubkey not in leaving(world)
        counted_gwei = exits.leavingGwei()
        assert counted_gwei >= 32 * GWEI
        world.circle.until(lambda: pubkey in leaving(world), "the exit", 6 * 8)
        assert asked_exits(world) == [pubkey, pubkey]
        reasons = [e.inputs["reason"] for e in events(world, exits, "ExitRequested")]
        assert reasons == [_BY_MANAGER, _AGAIN]
        assert exits.leavingGwei() <= counted_gwei
        world.circle.advance(20)
        assert asked_exits(world) == [pubkey, pubkey]


def test_an_exit_that_an_operator_began_itself_is_shown_and_none_is_asked_in_its_place(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    """REQ-2, EXT-6."""
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        chain, exits = world.beacon.chain, world.contracts.exits
        pubkey = next(iter(world.beacon.operators))
        exit_voluntarily(chain, chain.index_of(pubkey))
        world.circle.until(lambda: exits.leavingGwei() > 0, "the exit to be shown", 20)
        assert set(leaving(world)) == {pubkey}
        (noted,) = events(world, exits, "ExitNoted")
        assert noted.inputs["balanceGwei"] == exits.leavingGwei() == 32 * GWEI
        missing_wei = _missing_wei(world)
        request_ticket(world, "depositor", 32 * ETHER - missing_wei)
        assert exits.missingWei() == 0
        world.circle.advance(2 * 8, settle_each=True)
        assert asked_exits(world) == []
        request_ticket(world, "depositor", ETHER)
        world.circle.until(lambda: len(asked_exits(world)) == 1, "an exit", 20)
        assert pubkey not in asked_exits(world)


def test_exits_that_cannot_be_paid_cost_no_downloads(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        (keeper,) = world.circle.keepers
        account = world.actors["keeper"]
        set_balance_wei(world.rpc, account, 1)
        request_ticket(world, "depositor", 80 * ETHER)
        world.circle.until(lambda: metric(keeper, PLANNED_EXITS) > 0, "a plan", 20)
        read = set()
        for _ in range(8):
            world.circle.advance(1, settle_each=True)
            read.add(metric(keeper, "keel_keeper_state_slot"))
        assert len(read) <= 2
        assert f"{account} has 1 wei" in keeper.health().alarms["low_balance"]

        set_balance_wei(world.rpc, account, 10 * ETHER)
        world.circle.until(lambda: len(leaving(world)) > 0, "exits", 20)


def test_a_report_that_no_member_posts_is_posted_and_operators_get_their_leaves(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    report(keepers_world)
    committee = _sign_next_report(keepers_world)
    registry, oracle = keepers_world.contracts.registry, keepers_world.contracts.oracle
    settings = {"grace_slots": 3, "min_reward_wei": 1}
    with (
        serve_app(committee.app, "127.0.0.1", 0) as member,
        keepers_beside(
            keepers_world, tmp_path, artifacts, rear, members=[member], **settings
        ) as world,
    ):

        def is_reported() -> bool:
            return oracle.lastReport().refSlot == committee.ref_slot

        committee.publish(2)
        world.circle.advance(5, settle_each=True)
        assert not is_reported()
        committee.publish(3)
        world.circle.advance(3, settle_each=True)
        assert not is_reported()
        world.circle.until(is_reported, "the report", 12)
        due = {t.operator_id: t.cumulative_reward_shares for t in committee.leaves}
        assert all(due.values())

        def claimed() -> dict[int, int]:
            return {number: registry.claimedShares(number) for number in due}

        world.circle.until(lambda: claimed() == due, "the rewards", 40)
        assert len(events(world, registry, "RewardsClaimed")) == len(due)


@dataclass(frozen=True)
class Committee:
    """Members who signed a report and serve their ballots, but never post it."""

    ref_slot: int
    leaves: tuple[OperatorTotals, ...]
    ballots: tuple[SignedBallot, ...]
    box: BallotBox
    app: Starlette

    def publish(self, count: int) -> None:
        """Let so many ballots be known."""
        for ballot in self.ballots[:count]:
            self.box.take(ballot)


def _sign_next_report(world: BeaconWorld) -> Committee:
    """Let the frame pass and a quorum sign what it sees."""
    oracle, config = world.contracts.oracle, world.configuration
    ref_slot = next_reference_slot(world)
    ref_time = config.geometry.time_of(ref_slot)
    world.beacon.go_to(ref_time)
    world.beacon.await_final(ref_time)
    world.beacon.follow()
    seen, shares = look(world, ref_slot)
    leaves = tuple(operator_totals(world, shares, ref_time))
    timetable = Timetable(config.geometry, config.parameters.finality_seconds)
    nonce, chain_id = oracle.memberSetNonce(), world.manifest.chain_id
    ballot = Ballot(seen, nonce, timetable.deadline(ref_slot), chain_id, oracle.address)
    box = BallotBox(chain_id, timetable)
    members = tuple(member.address for member in world.members)
    terms = Terms(oracle.address, members, 3, 4, nonce)
    box.open_for(terms, timetable.reportable_at(ref_slot))
    ballots = tuple(
        SignedBallot.of(ballot, signed.signer, signed.signature)
        for signed in sign(ballot, world.members[:3])
    )
    app = exchange_app(box, {seen.operators_root: leaves}.get)
    return Committee(ref_slot, leaves, ballots, box, app)


def test_validators_that_were_staked_before_anybody_waited_are_counted(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        registry = world.contracts.registry
        deposit(world, "depositor", 32 * ETHER)
        world.circle.until(lambda: registry.totals().staked == 9, "staking")
        staked = await_staked(world, 9)
        assert (staked.validators, sum(staked.by_operator.values())) == (9, 9)
        assert staked.amount_wei == 9 * 31 * ETHER


def test_in_the_dead_state_tickets_are_paid_from_the_buffer_and_then_from_a_sweep(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        chain, queue, vault = world.beacon.chain, world.contracts.queue, world.contracts.vault
        first = request_ticket(world, "depositor", ETHER)
        second = request_ticket(world, "depositor", 20 * ETHER)
        world.circle.until(lambda: len(leaving(world)) == 1, "an exit", 20)
        (pubkey,) = leaving(world)
        chain.to_withdrawal(pubkey)
        last_ref_time = vault.consensus().lastRefTime
        dead_slot = world.beacon.slot_at(last_ref_time + 14 * world.profile.frame_seconds)
        chain.participation.miss(range(chain.slot + 1, dead_slot))
        chain.to_slot(dead_slot - 1)
        assert queue.lastFinalised() == 0
        world.circle.until(lambda: queue.lastFinalised() == second, "paying", 24)
        assert State(vault.state()) is State.DEAD
        assert "dead" in world.circle.keepers[0].health().alarms
        ways = events(world, vault, "TicketsFinalisedWithoutReport")
        assert [event.inputs["lastTicket"] for event in ways] == [first, second]
        assert len(events(world, vault, "Swept")) == 1


def test_two_keepers_do_everything_once(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, keepers=2) as world:
        registry = world.contracts.registry
        before = _sent(world)
        deposit(world, "holder", 2 * 32 * ETHER)
        world.circle.until(lambda: registry.totals().staked == 10, "staking", 20)
        request_ticket(world, "depositor", 100 * ETHER)
        world.circle.until(lambda: len(leaving(world)) > 2, "exits", 24)
        for process in world.circle.keepers:
            assert process.health().status == "ok"
        world.circle.advance(2 * 8, settle_each=True)
        keys = [event.inputs["pubkey"] for event in events(world, registry, "KeyStaked")]
        assert len(set(keys)) == len(keys) == 10
        asked = asked_exits(world)
        assert len(set(asked)) == len(asked) == len(leaving(world))
        assert _sent(world) == before + 1 + len(asked)


def test_a_keeper_that_hangs_is_passed_over(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, keepers=2) as world:
        total, (one, two) = world.contracts.registry.totals().staked, world.circle.keepers
        accounts = (world.actors["keeper"], SECOND_KEEPER)
        for hanging, working in ((two, 0), (one, 1)):
            hanging.stop()
            before = nonce(world.rpc, accounts[working])
            deposit(world, "depositor", 32 * ETHER)
            total += 1
            world.circle.until(partial(_is_staked, world, total), "staking", 8)
            assert nonce(world.rpc, accounts[working]) == before + 1
            hanging.go_on()
            world.circle.settle()


def _manager_of(world: BeaconWorld, pubkey: bytes) -> str:
    registry = world.contracts.registry
    manager = registry.operator(registry.keyOf(public_key_hash(pubkey)).operatorId).manager
    return next(name for name, address in world.actors.items() if address == manager)


def _missing_wei(world: BeaconWorld) -> int:
    """How much more than nothing is missing would be without what leaves; below 0: so much less."""
    return world.contracts.queue.owedWei() - world.contracts.vault.bufferedWei()


def _is_staked(world: BeaconWorld, validators: int) -> bool:
    return bool(world.contracts.registry.totals().staked == validators)


def _sent(world: BeaconWorld) -> int:
    """Transactions of both keepers."""
    return nonce(world.rpc, world.actors["keeper"]) + nonce(world.rpc, SECOND_KEEPER)
