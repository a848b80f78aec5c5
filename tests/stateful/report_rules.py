"""The committee reports: usual frames, skipped ones, losses, too much, and what must not pass."""

from dataclasses import dataclass, replace

from eth_account.signers.local import LocalAccount
from hypothesis import strategies as st
from hypothesis.stateful import rule

from keel.chain.state import chain_id
from keel.committee.ballot import Ballot, sign
from keel.model import protocol as rules
from keel.model.commitment import operators_tree
from keel.model.constants import GWEI, MOST_OPERATORS_BPS
from keel.model.protocol import Protocol
from keel.model.report import Report
from tests.stateful.drawing import Part, numbers, parts
from tests.stateful.key_rules import KeyRules
from tests.stateful.reading import ACTORS


@dataclass(frozen=True)
class Change:
    """Growth (above 0) or loss, as a part of a yardstick, and some gwei more."""

    yardstick: str
    millionths: int
    plus_gwei: int = 0


_USUAL = st.builds(Change, st.just("total"), st.integers(-300, 800) | st.just(0))
_AT_LIMIT = st.builds(
    Change,
    st.sampled_from(["unvested", "loss limit", "announced"]),
    st.sampled_from([10**6, 500_000]),
    st.sampled_from([-1, 0, 1, 2]),
)
_GREAT = st.builds(Change, st.just("total"), st.integers(-1_000_000, 1_000_000))
"""Below -500,000 the vault is soon insolvent for good, so a history seldom goes there."""
usual_changes = _USUAL | _USUAL | _AT_LIMIT
any_changes = _AT_LIMIT | _GREAT


class ReportRules(KeyRules):
    members: tuple[LocalAccount, ...]

    @rule(change=usual_changes, held=parts, frames=st.sampled_from([1, 1, 1, 2]), hint=numbers)
    def frame_passes(self, change: Change, held: Part, frames: int, hint: int) -> None:
        """To when a later reference slot is final, and report what is usual."""
        terms = self.pair.model.parameters
        geometry = terms.geometry
        ahead = frames * geometry.frame_slots
        slot = geometry.newest_reference_slot(self.pair.now) + ahead
        self.pair.jump_to(geometry.time_of(slot) + terms.finality_seconds)
        self.submit(self.report_for(slot, change, held), terms.quorum, hint)

    @rule(millionths=st.integers(-20, 800), hint=numbers)
    def good_frame_passes(self, millionths: int, hint: int) -> None:
        """The most frequent of all, so it is drawn apart."""
        self.frame_passes(Change("total", millionths), Part(1_000), 1, hint)

    @rule(
        change=any_changes,
        held=parts,
        signatures=st.sampled_from([3, 4, 4, 5, 2]),
        slots=st.sampled_from([0, 0, 0, 0, 1, -1]),
        frames=st.sampled_from([0, 0, 0, 0, -1, 1]),
        beyond=st.integers(0, 20),
    )
    def report(
        self,
        *,
        change: Change,
        held: Part,
        signatures: int,
        slots: int,
        frames: int,
        beyond: int,
    ) -> None:
        """Report at once, for the newest final slot or what is none, sometimes impossible."""
        terms = self.pair.model.parameters
        geometry = terms.geometry
        slot = geometry.newest_reference_slot(self.pair.now - terms.finality_seconds)
        slot = max(0, slot + slots + frames * geometry.frame_slots)
        report = self.report_for(slot, change, held)
        if beyond == 1:
            more = self.pair.model.withdrawal_vault_wei + 1
            report = replace(report, withdrawal_vault_balance_wei=more)
        if beyond == 2:
            more = self.pair.model.rewards_vault_wei + 1
            report = replace(report, rewards_vault_balance_wei=more)
        if beyond == 3:
            report = replace(report, exited_validators=report.exited_validators + 1)
        if beyond == 4:
            report = replace(report, slashed_validators=report.active_validators + 1)
        if beyond == 5:
            report = replace(report, operators_bps=MOST_OPERATORS_BPS + 1)
        self.submit(report, signatures, 0)

    @rule(change=any_changes, held=parts, signatures=st.sampled_from([4, 4, 5, 3]))
    def confirm_announcement(self, change: Change, held: Part, signatures: int) -> None:
        """Announce what is beyond the bucket, wait, and confirm it with a newer report."""
        terms = self.pair.model.parameters
        geometry = terms.geometry
        for _ in range(2):
            self.pair.jump_to(self.pair.now + geometry.frame_seconds)
            slot = geometry.newest_reference_slot(self.pair.now - terms.finality_seconds)
            self.submit(self.report_for(slot, change, held), signatures, 0)

    @rule(operator_id=st.integers(0, 2), held=parts)
    def bond_leaves(self, operator_id: int, held: Part) -> None:
        """BND-2, BND-3: after the cooldown, with a report that is due by then."""
        root = self.release(operator_id, 1)
        if root is None:
            return
        leaving = self.pair.model.leaving_bonds.get(root)
        if leaving:
            terms = self.pair.model.parameters
            geometry = terms.geometry
            slot = geometry.newest_reference_slot(leaving.payable_at) + geometry.frame_slots
            self.pair.jump_to(geometry.time_of(slot) + terms.finality_seconds)
            self.submit(self.report_for(slot, Change("total", 0), held), terms.quorum, 0)
        self.pay_bond_of(root)

    def report_for(self, slot: int, change: Change, held: Part) -> Report:
        """What the committee says it saw: the change is in the consensus balance."""
        pair = self.pair
        world = pair.model
        geometry = world.parameters.geometry
        boundary = (slot + 1) // geometry.frame_slots * geometry.frame_slots - 1
        base = rules.report_base(world, pair.now, max(boundary, geometry.frame_slots - 1))
        allowed_wei = base.unvested_wei + base.loss_allowance_wei
        yardsticks = {
            "total": world.bearing_wei(pair.now) + base.unvested_wei,
            "unvested": -base.unvested_wei,
            "loss limit": -allowed_wei,
            "announced": -allowed_wei - world.announced_wei,
        }
        wei = yardsticks[change.yardstick] * change.millionths // 10**6
        withdrawals = min(held.of(world.withdrawal_vault_wei), world.withdrawal_vault_wei)
        rewards = min(held.of(world.rewards_vault_wei), world.rewards_vault_wei)
        gwei = (base.expected_wei + wei - withdrawals - rewards) // GWEI + change.plus_gwei
        return Report(
            ref_slot=slot,
            consensus_balance_gwei=min(max(0, gwei), 2**64 - 1),
            withdrawal_vault_balance_wei=withdrawals,
            rewards_vault_balance_wei=rewards,
            active_validators=base.staked_validators,
            operators_bps=self.operators_bps(),
            operators_root=operators_tree(self.leaves_for(slot)).root,
        )

    def submit(self, report: Report, signatures: int, hint: int) -> None:
        """Signed by the first members, posted by anyone."""
        pair, leaves = self.pair, self.leaves_for(report.ref_slot)
        deadline, reported = pair.now, pair.model.accounts.ref_time
        oracle = pair.keel.quick.oracle
        ballot = Ballot(report, 1, deadline, chain_id(pair.rpc), oracle.address)
        signed = [signature.values() for signature in sign(ballot, self.members[:signatures])]

        def then() -> Protocol:
            return rules.submit_report(pair.model, pair.now, report, signatures)[0]

        pair.send(
            oracle,
            "submit",
            ballot.report_values,
            deadline,
            signed,
            hint,
            sender="attacker",
            exempt=["treasury", *(a for a in ACTORS if pair.model.fund.shares_of.get(a))],
            then=then,
        )
        if pair.model.accounts.ref_time != reported:
            pair.leaves = leaves
