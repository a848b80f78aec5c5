"""What is open in each state (STA-2, STA-3), cell by cell, with real time and real reports."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from keel.chain.abi import CustomError
from keel.chain.clock import jump_to, now, reverting, set_next_timestamp
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei, set_balance_wei
from keel.model.constants import ETHER, GWEI
from keel.model.frames import OPENINGS, Deed, Opening, State
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, as_contract, deposit
from tests.unit.contracts.vaults import (
    accounts_of,
    apply,
    change,
    inputs_of,
    insure,
    note_slashing,
    stake,
    units_of,
)

STATES = tuple(State)
DEPOSIT, STAKING = 0, 1
SWEPT_WEI = 3 * ETHER
LEFT_KEY = b"\x33" * 32


@dataclass
class Scene:
    """Every deed of the table is possible here but for the state."""

    keel: Keel
    person: str = field(init=False)

    def __post_init__(self) -> None:
        self.person = str(self.keel.actors.underwriter.address)

    def prepare(self) -> None:
        """Stake, underwrite, cool down, finalise one ticket and leave another one pending.

        The part of the bond of a key that was paid out cools down as long as the underwriter.
        """
        keel, person = self.keel, self.person
        quick = keel.quick
        terms = ("Harbour", person, person, 9, 10_000, 600)
        keel.call_as_role(quick.registry, "addOperator", *terms)
        deposit(keel, person, 197 * ETHER)
        stake(keel, 2)
        insure(keel, ETHER)
        quick.wrapped.deposit.send(2 * ETHER, person, sender=person)
        quick.wrapped.approve.send(quick.fund.address, ETHER, sender=person)
        quick.fund.deposit.send(ETHER, person, sender=person)
        shares = quick.fund.balanceOf(person)
        quick.fund.startCooldown.send(shares, sender=person)
        quick.queue.request.send(ETHER, person, sender=person)
        change(keel, 0)
        quick.queue.request.send(2 * ETHER, person, sender=person)
        set_balance_wei(keel.rpc, quick.withdrawal_vault.address, SWEPT_WEI)
        for contract in (quick.registry, quick.oracle):
            as_contract(contract)
        quick.bonds.add.send([0], 1, ETHER, sender=quick.registry.address)
        quick.bonds.release.send(0, LEFT_KEY, 1, sender=quick.registry.address)

    def enter(self, state: State) -> None:
        """Let time pass, or a loss be announced, to the first second of the state."""
        keel = self.keel
        frame, last = keel.profile.frame_seconds, accounts_of(keel).ref_time
        if state is State.ANNOUNCED:
            announce_loss(keel)
        if state is State.SLASHED:
            jump_to(keel.rpc, max(last + 60, now(keel.rpc)))
            note_slashing(keel, 32 * ETHER, last + 1)
        frames = {State.AWAITING: 1, State.STALE: 3, State.DEAD: 14}.get(state, 0)
        jump_to(keel.rpc, max(last + frames * frame, now(keel.rpc)))
        assert keel.quick.vault.state() == state

    # ---- the deeds

    def deposit(self) -> None:
        deposit(self.keel, self.person, ETHER)

    def deposit_wrapped(self) -> None:
        insure(self.keel, ETHER)

    def stake(self) -> None:
        stake(self.keel, 1, first=100)

    def move(self) -> None:
        """Request, transfer and wrap."""
        quick, person = self.keel.quick, self.person
        quick.queue.request.send(ETHER, person, sender=person)
        quick.vault.transfer.send(self.keel.actors.holder.address, ETHER, sender=person)
        quick.wrapped.deposit.send(ETHER, person, sender=person)
        quick.wrapped.redeem.send(ETHER, person, person, sender=person)

    def redeem(self) -> None:
        arguments = (2 * ETHER * 10**9, self.person, 0)
        self.keel.quick.instant.redeem.send(*arguments, sender=self.person)

    def leave_fund(self) -> None:
        shares = self.keel.quick.fund.cooldownOf(self.person).shares
        arguments = (shares, self.person, self.person)
        self.keel.quick.fund.redeem.send(*arguments, sender=self.person)

    def pay_bond(self) -> None:
        """Before the state began the part had cooled down, as an underwriter's shares."""
        bonds = self.keel.quick.bonds
        bonds.pay.send(LEFT_KEY, sender=self.keel.actors.stranger.address)

    def finalise(self) -> None:
        vault = self.keel.quick.vault
        vault.finaliseWithoutReport.send(0, sender=self.keel.actors.stranger.address)

    def sweep(self) -> None:
        vault = self.keel.quick.vault
        vault.sweepWithdrawals.send(sender=self.keel.actors.stranger.address)

    def wind_down(self) -> None:
        """All that was staked has come back."""
        keel, vault = self.keel, self.keel.quick.vault
        books = vault.consensus()
        staked_wei = books.balanceWei + books.pendingWei
        set_balance_wei(keel.rpc, keel.quick.rewards_vault.address, staked_wei)
        vault.windDown.send(0, sender=self.keel.actors.stranger.address)

    def claim(self) -> None:
        self.keel.quick.queue.claim.send(1, sender=self.keel.actors.stranger.address)

    def underwriters_shares(self) -> int:
        return int(self.keel.quick.fund.cooldownOf(self.person).shares)


type Act = Callable[[Scene], None]
type Refusal = Callable[[Scene, State], CustomError]

ACTS: dict[str, tuple[Deed, Act, Refusal]] = {
    "deposit": (
        Deed.DEPOSIT,
        Scene.deposit,
        lambda _, state: CustomError("ActionClosed", {"action": DEPOSIT, "state": state}),
    ),
    "depositWrapped": (
        Deed.DEPOSIT,
        Scene.deposit_wrapped,
        lambda _, state: CustomError("ActionClosed", {"action": DEPOSIT, "state": state}),
    ),
    "stake": (
        Deed.STAKE,
        Scene.stake,
        lambda _, state: CustomError("ActionClosed", {"action": STAKING, "state": state}),
    ),
    "request, transfer, wrap": (Deed.MOVE, Scene.move, lambda _, __: CustomError("", {})),
    "instant redemption": (
        Deed.INSTANT_REDEMPTION,
        Scene.redeem,
        lambda _, state: CustomError("StateNotNormal", {"state": state}),
    ),
    "underwriters' exit": (
        Deed.UNDERWRITERS_EXIT,
        Scene.leave_fund,
        lambda scene, _: CustomError(
            "ERC4626ExceededMaxRedeem",
            {"owner": scene.person, "shares": scene.underwriters_shares(), "max": 0},
        ),
    ),
    "payment of a bond": (
        Deed.BOND_PAYMENT,
        Scene.pay_bond,
        lambda _, state: CustomError("StateNotNormal", {"state": state}),
    ),
    "finalise": (
        Deed.FINALISE,
        Scene.finalise,
        lambda _, state: CustomError("StateNotDead", {"state": state}),
    ),
    "sweep": (
        Deed.SWEEP,
        Scene.sweep,
        lambda _, state: CustomError("StateNotDead", {"state": state}),
    ),
    "wind down": (
        Deed.WIND_DOWN,
        Scene.wind_down,
        lambda _, state: CustomError("StateNotDead", {"state": state}),
    ),
    "claim": (Deed.CLAIM, Scene.claim, lambda _, __: CustomError("", {})),
}
OPEN_TO_ANYONE = (Opening.YES, Opening.ANYONE)


@pytest.fixture
def scene(keel: Keel) -> Scene:
    made = Scene(keel)
    made.prepare()
    return made


class TestTable:
    @pytest.mark.parametrize("act", ACTS)
    def test_each_cell_is_open_or_refused_by_name(self, scene: Scene, act: str) -> None:
        deed, do, refusal = ACTS[act]
        for state in STATES:
            with reverting(scene.keel.rpc):
                if deed in (Deed.UNDERWRITERS_EXIT, Deed.BOND_PAYMENT):
                    until_underwriters_may_leave(scene, state)
                scene.enter(state)
                opening = OPENINGS[deed][state]
                if opening in OPEN_TO_ANYONE:
                    do(scene)
                    continue
                expected = refusal(scene, state)
                with pytest.raises(Reverted) as caught:
                    do(scene)
                assert caught.value.cause == expected, (act, state)

    @pytest.mark.parametrize("state", STATES)
    def test_a_report_finalises_and_sweeps_in_every_state(self, scene: Scene, state: State) -> None:
        """The third row of openings: what is not for anyone still happens by report."""
        keel, vault = scene.keel, scene.keel.quick.vault
        scene.enter(state)
        frame = keel.profile.frame_seconds
        ref_time = vault.newestRefTime() + frame
        jump_to(keel.rpc, ref_time)
        apply(keel, inputs_of(keel, ref_time, -SWEPT_WEI, withdrawalsWei=SWEPT_WEI))
        assert keel.quick.queue.lastFinalised() == 2
        assert balance_wei(keel.rpc, keel.quick.withdrawal_vault.address) == 0
        assert vault.state() == State.NORMAL

    def test_views_of_what_is_possible_agree(self, scene: Scene) -> None:
        quick = scene.keel.quick
        views: dict[Deed, Callable[[], int]] = {
            Deed.DEPOSIT: quick.vault.depositableWei,
            Deed.STAKE: quick.vault.stakeableValidators,
            Deed.INSTANT_REDEMPTION: quick.instant.redeemableWei,
            Deed.UNDERWRITERS_EXIT: lambda: quick.fund.maxRedeem(scene.person),
        }
        for state in STATES:
            with reverting(scene.keel.rpc):
                until_underwriters_may_leave(scene, state)
                scene.enter(state)
                for deed, view in views.items():
                    assert (view() > 0) is (OPENINGS[deed][state] is Opening.YES), (deed, state)


class TestOrder:
    """STA-2: dead, stale, announced, slashed, awaiting, normal; the first that holds."""

    def test_each_begins_at_its_second(self, keel: Keel) -> None:
        change(keel, 0)
        vault, frame = keel.quick.vault, keel.profile.frame_seconds
        last = accounts_of(keel).ref_time
        begins = {1: State.AWAITING, 3: State.STALE, 14: State.DEAD}
        before = State.NORMAL
        for frames, state in begins.items():
            jump_to(keel.rpc, last + frames * frame - 1)
            assert vault.state() == before
            jump_to(keel.rpc, last + frames * frame)
            assert vault.state() == state
            before = state

    def test_an_announcement_comes_before_awaiting_and_after_stale(self, keel: Keel) -> None:
        change(keel, 0)
        vault, frame = keel.quick.vault, keel.profile.frame_seconds
        last = accounts_of(keel).ref_time
        announce_loss(keel)
        expected = {1: State.ANNOUNCED, 2: State.ANNOUNCED}
        expected |= {3: State.STALE, 13: State.STALE, 14: State.DEAD}
        for frames, state in expected.items():
            jump_to(keel.rpc, max(last + frames * frame, now(keel.rpc)))
            assert vault.state() == state
            refused = {"action": DEPOSIT, "state": state}
            with reverting(keel.rpc), fails("ActionClosed", **refused):
                deposit(keel, keel.actors.depositor.address, ETHER)


class TestDead:
    def test_finalising_pays_in_order_what_is_buffered(self, scene: Scene) -> None:
        keel, vault, queue = scene.keel, scene.keel.quick.vault, scene.keel.quick.queue
        scene.enter(State.DEAD)
        buffered_wei = vault.bufferedWei()
        receipt = vault.finaliseWithoutReport.send(9, sender=scene.person)
        (finalised,) = vault.events(receipt)
        assert finalised.name == "TicketsFinalisedWithoutReport"
        assert finalised.inputs == {"lastTicket": 2, "amountWei": 2 * ETHER}
        assert vault.bufferedWei() == buffered_wei - 2 * ETHER
        assert balance_wei(keel.rpc, vault.address) == buffered_wei - 2 * ETHER
        assert queue.lastFinalised() == 2
        with fails("NothingToDo"):
            vault.finaliseWithoutReport.send(0, sender=scene.person)

    def test_an_announcement_keeps_no_ticket_waiting(self, scene: Scene) -> None:
        """STA-3, AUDIT M4: a quorum that announces and then falls silent locked all of B."""
        keel, vault = scene.keel, scene.keel.quick.vault
        announce_loss(keel)
        dead_at = accounts_of(keel).ref_time + 14 * keel.profile.frame_seconds
        jump_to(keel.rpc, dead_at - 1)
        set_next_timestamp(keel.rpc, dead_at - 1)
        with fails("StateNotDead", state=State.STALE):
            scene.finalise()
        set_next_timestamp(keel.rpc, dead_at)
        scene.finalise()
        assert vault.consensus().announcedAt > 0
        assert keel.quick.queue.lastFinalised() == 2
        scene.sweep()

    @pytest.mark.parametrize(
        ("held_wei", "swept_wei"), [(SWEPT_WEI, SWEPT_WEI), (70 * ETHER, 64 * ETHER)]
    )
    def test_a_sweep_moves_from_c_to_b_at_most_c(
        self, scene: Scene, held_wei: int, swept_wei: int
    ) -> None:
        keel, vault = scene.keel, scene.keel.quick.vault
        source = keel.quick.withdrawal_vault.address
        set_balance_wei(keel.rpc, source, held_wei)
        scene.enter(State.DEAD)
        before, buffered_wei = accounts_of(keel), vault.bufferedWei()
        assert before.consensus_wei == 64 * ETHER
        receipt = vault.sweepWithdrawals.send(sender=scene.person)
        (swept,) = vault.events(receipt)
        left_wei = before.consensus_wei - swept_wei
        assert swept.inputs == {"amountWei": swept_wei, "consensusBalanceWei": left_wei}
        after = accounts_of(keel)
        assert (after.backing_wei, after.consensus_wei) == (before.backing_wei, left_wei)
        assert vault.bufferedWei() == buffered_wei + swept_wei
        assert balance_wei(keel.rpc, source) == held_wei - swept_wei
        possible_at = receipt.timestamp + 2 * keel.profile.frame_seconds
        jump_to(keel.rpc, possible_at - 12)
        set_next_timestamp(keel.rpc, possible_at - 1)
        with fails("SweepTooEarly", possibleAt=possible_at, nowTime=possible_at - 1):
            vault.sweepWithdrawals.send(sender=scene.person)
        set_balance_wei(keel.rpc, source, 0)
        jump_to(keel.rpc, possible_at)
        with fails("NothingToDo"):
            vault.sweepWithdrawals.send(sender=scene.person)

    def test_a_sweep_takes_from_c_first_and_then_whole_gwei_of_p(self, scene: Scene) -> None:
        """STA-5, AUDIT L4: what was staked after the last report."""
        keel, vault = scene.keel, scene.keel.quick.vault
        scene.stake()
        source, of_pending_wei = keel.quick.withdrawal_vault.address, 5 * GWEI
        set_balance_wei(keel.rpc, source, 64 * ETHER + of_pending_wei + GWEI - 1)
        scene.enter(State.DEAD)
        before, buffered_wei = accounts_of(keel), vault.bufferedWei()
        assert (before.consensus_wei, before.pending_wei) == (64 * ETHER, 32 * ETHER)
        receipt = vault.sweepWithdrawals.send(sender=scene.person)
        (swept,) = vault.events(receipt)
        swept_wei = 64 * ETHER + of_pending_wei
        assert swept.inputs == {"amountWei": swept_wei, "consensusBalanceWei": 0}
        after = accounts_of(keel)
        assert (after.consensus_wei, after.pending_wei) == (0, 32 * ETHER - of_pending_wei)
        assert vault.bufferedWei() == buffered_wei + swept_wei
        assert balance_wei(keel.rpc, source) == GWEI - 1
        as_contract(keel.quick.oracle)
        jump_to(keel.rpc, ref_time := vault.newestRefTime() + keel.profile.frame_seconds)
        assert vault.reportBase(ref_time).expectedWei == 32 * ETHER - of_pending_wei
        receipt = apply(keel, inputs_of(keel, ref_time))
        assert vault.events(receipt, "LossAbsorbed") == []

    def test_the_next_report_is_of_after_the_sweep(self, scene: Scene) -> None:
        keel, vault = scene.keel, scene.keel.quick.vault
        scene.enter(State.DEAD)
        as_contract(keel.quick.oracle)
        boundary = vault.newestRefTime() + keel.profile.frame_seconds
        set_next_timestamp(keel.rpc, boundary)
        vault.sweepWithdrawals.send(sender=scene.person)
        with fails("RefTimeTooEarly", refTime=boundary, laterThan=boundary):
            apply(keel, inputs_of(keel, boundary))
        later = boundary + keel.profile.frame_seconds
        jump_to(keel.rpc, later)
        receipt = apply(keel, inputs_of(keel, later))
        assert vault.events(receipt, "LossAbsorbed") == []
        assert vault.state() == State.NORMAL


def until_underwriters_may_leave(scene: Scene, state: State) -> None:
    """Report on until the last report is the one from which the state falls into their window.

    The window is two frames, so a dead oracle must have died before it opened.
    """
    keel, frame = scene.keel, scene.keel.profile.frame_seconds
    opens_at = keel.quick.fund.cooldownOf(scene.person).windowStart
    ahead = {State.AWAITING: 1, State.STALE: 3, State.DEAD: 14}.get(state, 0)
    while accounts_of(keel).ref_time + ahead * frame < opens_at:
        change(keel, 0)
    assert units_of(keel, keel.quick.fund.address) > 0
