"""Random histories of the whole protocol, against books kept from outside."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from keel.model import keys as key_rules
from keel.model import protocol as keel
from keel.model.allocation import Operator
from keel.model.constants import ETHER, GWEI, LAST_PAYOUT_FRAMES, WIND_DOWN_FRAMES
from keel.model.errors import Refused
from keel.model.key_stage import Stage
from keel.model.keys import Registry
from keel.model.protocol import BONDS, FUND, WKETH, Protocol, Submission
from keel.model.queue import claim_wei
from keel.model.report import Outcome, Report
from tests.unit.model.outside_books import OutsideBooks, owed_ticket_by_ticket
from tests.unit.model.worlds import (
    FRAME,
    GEOMETRY,
    LAUNCH_SLOT,
    LAUNCH_TIME,
    PARAMETERS,
    users,
)

amounts = st.integers(1, 200 * ETHER) | st.integers(1, 3_000)
parts = st.integers(0, 1_000)
silences = st.sampled_from([1, 15, WIND_DOWN_FRAMES])


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = keel.launch(PARAMETERS, LAUNCH_TIME)
        self.books = OutsideBooks(
            LAUNCH_TIME, ETHER, Report(LAUNCH_SLOT, 0), ref_time=GEOMETRY.time_of(LAUNCH_SLOT)
        )
        registry = Registry(tuple(Operator(i, True, 10**6, 10_000) for i in range(2)))
        self.world = replace(self.world, registry=registry)
        self.claimed_wei = self.moved_wei = self.made = 0
        self.deposit_of("depositor", 400 * ETHER)
        self.deposit_of("underwriter", ETHER)
        self.wrap("underwriter", "underwriter", 1_000)
        self.underwrite("underwriter", 1_000)
        self.stake(4)

    def attempt(self, transition: Callable[..., Any], *arguments: Any) -> Any:
        """Take the step if no rule forbids it; no step but a loss may lower rate or index."""
        before = self.world
        try:
            result = transition(before, *arguments)
        except Refused:
            return None
        self.world, value = result if isinstance(result, tuple) else (result, True)
        outcome = value.outcome if isinstance(value, Submission) else value
        if not (isinstance(outcome, Outcome) and outcome.loss_wei):
            assert self.rises(before, self.world)
            assert self.world.queue.index == before.queue.index
        return value

    def rises(self, before: Protocol, after: Protocol) -> bool:
        """Whether a share is worth no less; compared without rounding."""
        now, was, is_ = self.books.now, before.accounts, after.accounts
        return is_.visible_wei(now) * was.shares >= was.visible_wei(now) * is_.shares

    def deposit_of(self, user: str, wei: int) -> None:
        if self.attempt(keel.deposit, self.books.now, user, wei) is not None:
            self.books.buffered_wei += wei

    @rule(user=users, wei=amounts)
    def deposit(self, user: str, wei: int) -> None:
        self.deposit_of(user, wei)

    @rule(user=users, wei=amounts)
    def deposit_wrapped(self, user: str, wei: int) -> None:
        if self.attempt(keel.deposit_wrapped, self.books.now, user, wei) is not None:
            self.books.buffered_wei += wei

    @rule(sender=users, receiver=users, part=parts)
    def transfer(self, sender: str, receiver: str, part: int) -> None:
        now = self.books.now
        wei = self.world.balance_wei(sender, now) * part // 1_000
        had, held = self.world.balance_wei(receiver, now), self.world.balance_wei(sender, now)
        assert self.attempt(keel.transfer, now, sender, receiver, wei) is not None
        if sender != receiver:
            assert self.world.balance_wei(receiver, now) - had >= wei
            assert held - self.world.balance_wei(sender, now) <= wei + 1

    @rule(user=users, receiver=users, part=parts)
    def wrap(self, user: str, receiver: str, part: int) -> None:
        now = self.books.now
        wei = self.world.balance_wei(user, now) * part // 1_000
        self.attempt(keel.wrap, now, user, receiver, wei)

    @rule(user=users, receiver=users, part=parts)
    def unwrap(self, user: str, receiver: str, part: int) -> None:
        units = self.world.units_of.get(user, 0) * part // 1_000
        assert self.attempt(keel.unwrap, self.books.now, user, receiver, units) is not None

    @rule(user=users, part=parts)
    def underwrite(self, user: str, part: int) -> None:
        units = self.world.units_of.get(user, 0) * part // 1_000
        assert self.attempt(keel.underwrite, user, user, units) is not None

    @rule(user=users, part=parts)
    def request(self, user: str, part: int) -> None:
        wei = self.world.balance_wei(user, self.books.now) * part // 1_000
        self.attempt(keel.request, self.books.now, user, user, wei)

    @rule(user=users, part=parts)
    def redeem_instant(self, user: str, part: int) -> None:
        shares = self.world.shares_of.get(user, 0) * part // 1_000
        done = self.attempt(keel.redeem_instant, self.books.now, user, shares)
        if done is not None:
            self.books.buffered_wei -= done.paid_wei

    @precondition(lambda self: self.world.ticket_owners)
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        ticket_id = data.draw(st.sampled_from(sorted(self.world.ticket_owners)))
        self.claimed_wei += self.attempt(keel.claim, ticket_id) or 0

    @rule(validators=st.integers(1, 12))
    def stake(self, validators: int) -> None:
        """KEY-6: the rate stays but for what a bond's last unit leaves to all."""
        roots = [(self.made + n).to_bytes(32) for n in range(validators)]
        self.made += validators
        registry, value_wei = self.world.registry, validators * ETHER
        registry = key_rules.predeposit(registry, self.made % 2, roots, value_wei)
        registry = key_rules.prove_fresh(registry, {root: n for n, root in enumerate(roots)})
        self.world = replace(self.world, registry=registry)
        choice = self.attempt(keel.stake_keys, self.books.now, roots)
        if choice:
            self.books.staked(len(choice.taken))

    @rule(number=st.integers(0, 60), age=st.integers(0, 3 * FRAME))
    def prove_slashed(self, number: int, age: int) -> None:
        """KEY-8: of any frame; what the balances lose is another rule's to say."""
        now, root = self.books.now, number.to_bytes(32)
        self.attempt(keel.prove_slashed, now, root, 32 * 10**9, now - age)

    @rule(number=st.integers(0, 60))
    def prove_withdrawn(self, number: int) -> None:
        self.attempt(keel.prove_withdrawn, self.books.now, number.to_bytes(32))

    @rule(number=st.integers(0, 60), waits=st.booleans())
    def pay_bond(self, number: int, waits: bool) -> None:
        """BND-3: to its operator, when it can be."""
        root = number.to_bytes(32)
        leaving = self.world.leaving_bonds.get(root)
        if waits and leaving:
            self.advance(max(1, leaving.payable_at - self.books.now))
        self.attempt(keel.pay_bond, self.books.now, root, "holder")

    @rule(
        earned=st.integers(-300, 600) | st.integers(-200_000, 80_000),
        requested=parts,
        withdrawn=st.just(0) | st.integers(0, 10**6),
        frames=st.sampled_from([1, 1, 1, 1, 1, 2, 4, 15]),
        signatures=st.sampled_from([0, 3, 4, 4]),
    )
    def end_a_frame(
        self, earned: int, requested: int, withdrawn: int, frames: int, signatures: int
    ) -> None:
        """Validators earn or lose and withdraw, in millionths; then the committee may report."""
        settled = self.books.consensus_wei - self.books.pending_wei
        earned_wei = settled * earned // 10**6 // GWEI * GWEI
        withdrawn_wei = (settled + earned_wei) * withdrawn // 10**6 // GWEI * GWEI
        self.books.consensus_wei += earned_wei - withdrawn_wei
        self.world = keel.receive_income(self.world, withdrawals_wei=withdrawn_wei)
        self.advance(self.books.next_frame_in + (frames - 1) * FRAME)
        self.request("depositor", requested)
        if signatures:
            self.report(signatures, 0)

    @rule(wei=st.integers(1, ETHER) | st.just(300 * ETHER))
    def receive_priority_fees(self, wei: int) -> None:
        self.world = keel.receive_income(self.world, rewards_wei=wei)

    @rule(seconds=st.integers(1, FRAME))
    def pass_time(self, seconds: int) -> None:
        self.advance(seconds)

    def advance(self, seconds: int) -> None:
        before, was = self.world.accounts, self.books.now
        self.books.pass_time(self.world, seconds)
        assert before.unvested_wei(self.books.now) <= before.unvested_wei(was)

    @rule(signatures=st.sampled_from([3, 4]), wait=st.integers(0, 1_000))
    def report(self, signatures: int, wait: int) -> None:
        """What the committee saw at the last slot, final a quarter of an hour later."""
        self.advance(PARAMETERS.finality_seconds + wait)
        books, report, before = self.books, self.books.seen, self.world
        done = self.attempt(keel.submit_report, books.now, report, signatures)
        if done is None or done.outcome is None:
            return
        outcome = done.outcome
        books.reported(report)
        pulled = done.judgement.withdrawals_wei + done.judgement.rewards_wei
        books.buffered_wei += pulled - outcome.finalised_wei
        self.moved_wei += outcome.finalised_wei
        jump = self.world.accounts.visible_wei(books.now) - before.accounts.visible_wei(books.now)
        if outcome.loss_wei:
            assert outcome.loss is not None
            assert outcome.loss.sum_wei == outcome.loss_wei
            shared = outcome.loss
            assert jump == -shared.bond_wei - shared.cover_wei - shared.holders_loss_wei
        else:
            assert jump == outcome.fee_wei <= done.judgement.growth_wei // 10
            self.rate_stays(before, outcome.fee_wei)

    def rate_stays(self, before: Protocol, fee_wei: int) -> None:
        """STR-2: a fee's shares are rounded down, nothing else moves V / S."""
        was, is_ = before.accounts, self.world.accounts
        visible = was.visible_wei(self.books.now)
        extra = fee_wei * was.shares - visible * (is_.shares - was.shares)
        assert 0 <= extra < max(1, visible)

    @rule(user=users, part=parts, withdrawn=parts)
    def outlive_the_oracle(self, user: str, part: int, withdrawn: int) -> None:
        self.request(user, part)
        self.end_a_frame(0, 0, withdrawn * 1_000, 15, 0)
        swept = self.attempt(keel.sweep, self.books.now)
        if swept:
            self.books.swept(swept)
        moved = self.attempt(keel.finalise_without_report, self.books.now) or 0
        self.books.buffered_wei -= moved
        self.moved_wei += moved

    @rule(lost=st.integers(0, 1_000), gift=st.just(0) | st.integers(1, ETHER), frames=silences)
    def wind_down(self, lost: int, gift: int, frames: int) -> None:
        """STA-8: the last validators are paid out; every two frames again, for a gift."""
        self.end_a_frame(-lost * 1_000, 0, 10**6, frames, 0)
        for key in range(self.made):
            self.prove_withdrawn(key)
        for _ in range(1 + LAST_PAYOUT_FRAMES // 2):
            withdrawn_wei = self.world.withdrawal_vault_wei + self.world.rewards_vault_wei
            outcome = self.attempt(keel.wind_down, self.books.now)
            if outcome:
                self.books.wound_down(withdrawn_wei - outcome.finalised_wei)
                self.moved_wei += outcome.finalised_wei
            self.world = keel.receive_income(self.world, rewards_wei=gift)
            self.advance(2 * FRAME)

    @invariant()
    def every_bond_is_held_and_every_part_staked(self) -> None:
        """BND-1, BND-4."""
        world = self.world
        bonds, leaving = world.bonds.values(), world.leaving_bonds.values()
        units = sum(bond.units for bond in bonds) + sum(each.units for each in leaving)
        assert units + world.forfeit_units == world.units_of.get(BONDS, 0)
        staked = [key for key in world.registry.keys.values() if key.stage is Stage.STAKED]
        assert sum(bond.parts for bond in bonds) == sum(key.parts for key in staked)

    @invariant()
    def the_identity_holds_with_terms_counted_outside(self) -> None:
        accounts, books = self.world.accounts, self.books
        assert accounts.consensus_wei == books.reported_wei
        assert accounts.pending_wei == books.pending_wei
        assert self.world.queue.owed_wei == owed_ticket_by_ticket(self.world)
        assert self.world.buffered_wei == books.buffered_wei >= 0
        assert accounts.visible_wei(books.now) >= 0

    @invariant()
    def every_share_and_unit_has_a_holder(self) -> None:
        world = self.world
        assert sum(world.shares_of.values()) == world.accounts.shares
        assert world.shares_of.get(WKETH, 0) % 10**9 == 0
        assert sum(world.units_of.values()) == world.wketh_supply
        assert min((*world.shares_of.values(), *world.units_of.values())) >= 0
        assert world.units_of.get(FUND, 0) == world.fund_units

    @invariant()
    def the_queue_can_pay_every_finalised_ticket(self) -> None:
        queue = self.world.queue
        assert queue.held_wei == self.moved_wei - self.claimed_wei
        unclaimed = [i for i in self.world.ticket_owners if i <= queue.finalised]
        assert sum(claim_wei(queue, i) for i in unclaimed) <= queue.held_wei


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=100,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
