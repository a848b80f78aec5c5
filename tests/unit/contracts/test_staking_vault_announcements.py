"""The vault holds losses to its bucket and to announcements, whatever its oracle (LIM-3, REP-8)."""

import pytest

from keel.chain.clock import jump_to, now, reverting, set_next_timestamp
from keel.chain.state import runtime_code, set_runtime_code
from keel.deploy.contracts import StakingVault
from keel.model.constants import BPS, ETHER, REOPENING_FRAMES
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, as_contract, deposit, next_reference_slot
from tests.unit.contracts.vaults import (
    accounts_of,
    apply,
    change,
    construct,
    deposit_at,
    inputs_of,
    shares_of,
    stake,
    stake_most,
    units_of,
)

DEPOSIT = 0
LIMIT_WEI = 1_000 * ETHER * 25 // BPS
ANNOUNCED_WEI = 50 * ETHER


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    """Of 1,000 ETH, 960 are staked, and a report has counted them."""
    return stake_most(keel)


def lose_at(keel: Keel, timestamp: int, loss_wei: int) -> None:
    """Report a loss of the newest slot in exactly this second."""
    frame, last = keel.profile.frame_seconds, accounts_of(keel).ref_time
    ref_time = last + (timestamp - last) // frame * frame
    inputs = inputs_of(keel, ref_time, -loss_wei)
    as_contract(keel.quick.oracle)
    set_next_timestamp(keel.rpc, timestamp)
    apply(keel, inputs)


class TestBucket:
    def test_a_loss_that_empties_it_applies_and_a_wei_more_does_not(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """LIM-3, AUDIT M2: any oracle is held to it."""
        assert vault.lossAllowanceWei() == LIMIT_WEI
        ref_time = next_reference_slot(keel)
        with fails("LossNotAnnounced", lossWei=LIMIT_WEI + 1, allowedWei=LIMIT_WEI):
            apply(keel, inputs_of(keel, ref_time, -LIMIT_WEI - 1))
        apply(keel, inputs_of(keel, ref_time, -LIMIT_WEI))
        jump_to(keel.rpc, now(keel.rpc))
        assert (vault.lossAllowanceWei(), vault.depositsReopenAt()) == (0, 0)
        deposit(keel, keel.actors.depositor.address, ETHER)

    def test_what_the_stream_bears_draws_nothing(self, keel: Keel, vault: StakingVault) -> None:
        change(keel, 300 * ETHER)
        ref_time = next_reference_slot(keel)
        jump_to(keel.rpc, ref_time)
        unvested_wei, allowed_wei = vault.totals().unvestedWei, vault.lossAllowanceWei()
        as_contract(keel.quick.oracle)
        with reverting(keel.rpc):
            beyond = inputs_of(keel, ref_time, -unvested_wei - allowed_wei - 1)
            set_next_timestamp(keel.rpc, ref_time)
            loss_wei = unvested_wei + allowed_wei + 1
            with fails("LossNotAnnounced", lossWei=loss_wei, allowedWei=allowed_wei):
                apply(keel, beyond)
        inputs = inputs_of(keel, ref_time, -unvested_wei)
        set_next_timestamp(keel.rpc, ref_time)
        apply(keel, inputs)
        assert vault.lossAllowanceWei() == allowed_wei
        assert vault.depositsReopenAt() == 0


class TestAnnouncement:
    @pytest.mark.parametrize(
        ("frames", "seconds", "is_allowed"),
        [(1, -1, False), (1, 0, True), (3, -1, True), (3, 0, False)],
    )
    def test_allows_from_one_frame_to_three_frames_later(
        self, keel: Keel, vault: StakingVault, frames: int, seconds: int, is_allowed: bool
    ) -> None:
        announced_at = announce_loss(keel, ANNOUNCED_WEI).timestamp
        at = announced_at + frames * keel.profile.frame_seconds + seconds
        if not is_allowed:
            drawn = {"lossWei": ANNOUNCED_WEI, "allowedWei": LIMIT_WEI}
            with fails("LossNotAnnounced", **drawn):
                lose_at(keel, at, ANNOUNCED_WEI)
            return
        lose_at(keel, at, ANNOUNCED_WEI)
        assert vault.totalSupply() == 950 * ETHER
        assert vault.lossAllowanceWei() == 0
        assert vault.depositsReopenAt() == at + REOPENING_FRAMES * keel.profile.frame_seconds

    def test_allows_its_amount_and_what_the_bucket_holds_once(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        at = announce_loss(keel, ANNOUNCED_WEI).timestamp + keel.profile.frame_seconds
        most_wei = ANNOUNCED_WEI + LIMIT_WEI
        with fails("LossNotAnnounced", lossWei=most_wei + 1, allowedWei=most_wei):
            lose_at(keel, at, most_wei + 1)
        lose_at(keel, at, most_wei)
        base = vault.reportBase(at)
        assert (base.announcedAt, base.announcedWei) == (0, 0)
        ref_time = next_reference_slot(keel)
        as_contract(keel.quick.oracle)
        allowed_wei = vault.lossAllowanceWei()
        set_next_timestamp(keel.rpc, ref_time)
        with fails("LossNotAnnounced", lossWei=ETHER, allowedWei=allowed_wei):
            apply(keel, inputs_of(keel, ref_time, -ETHER))

    def test_holds_while_the_stream_that_bears_a_part_vests(self, keel_mainnet: Keel) -> None:
        """REP-8: what is drawn grows every second; by that, such a loss would wait for ever."""
        keel, vault = keel_mainnet, keel_mainnet.quick.vault
        stake_most(keel)
        change(keel, -ANNOUNCED_WEI)
        change(keel, 20 * ETHER)
        announced_at = announce_loss(keel, 30 * ETHER).timestamp
        drawn_wei = 30 * ETHER - vault.totals().unvestedWei
        jump_to(keel.rpc, at := announced_at + keel.profile.frame_seconds)
        drawn_later_wei = 30 * ETHER - vault.totals().unvestedWei
        assert drawn_later_wei > drawn_wei + vault.lossAllowanceWei()
        with reverting(keel.rpc):
            most_wei = 30 * ETHER + vault.lossAllowanceWei()
            with fails("LossNotAnnounced", lossWei=most_wei + 1, allowedWei=most_wei):
                lose_at(keel, at, most_wei + 1)
        visible_wei = vault.totalSupply()
        lose_at(keel, at, 30 * ETHER)
        assert vault.totalSupply() == visible_wei - drawn_later_wei

    def test_is_replaced_by_a_newer_one(self, keel: Keel, vault: StakingVault) -> None:
        announce_loss(keel, ANNOUNCED_WEI)
        at = announce_loss(keel, ETHER).timestamp + keel.profile.frame_seconds
        assert vault.reportBase(at).announcedWei == ETHER
        most_wei = LIMIT_WEI + ETHER
        with fails("LossNotAnnounced", lossWei=most_wei + 1, allowedWei=most_wei):
            lose_at(keel, at, most_wei + 1)
        lose_at(keel, at, most_wei)

    def test_ends_with_a_report_of_any_other_kind(self, keel: Keel, vault: StakingVault) -> None:
        announce_loss(keel, ANNOUNCED_WEI)
        change(keel, 0)
        ref_time = next_reference_slot(keel)
        with fails("LossNotAnnounced", lossWei=ANNOUNCED_WEI, allowedWei=LIMIT_WEI):
            apply(keel, inputs_of(keel, ref_time, -ANNOUNCED_WEI))
        assert vault.depositsReopenAt() == 0
        deposit(keel, keel.actors.depositor.address, ETHER)

    def test_of_a_slot_whose_report_could_not_apply_is_refused(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        last, oracle = accounts_of(keel).ref_time, as_contract(keel.quick.oracle)
        with fails("RefTimeTooEarly", refTime=last, laterThan=last):
            vault.announceLoss.send(last, ETHER, sender=oracle)
        assert vault.consensus().announcedAt == 0


class TestReopening:
    """STA-3: deposits are closed for 7 frames after a loss beyond the bucket."""

    @pytest.fixture
    def reopen_at(self, keel: Keel, vault: StakingVault) -> int:
        at = announce_loss(keel, ANNOUNCED_WEI).timestamp + keel.profile.frame_seconds
        lose_at(keel, at, ANNOUNCED_WEI)
        assert vault.depositsReopenAt() == at + REOPENING_FRAMES * keel.profile.frame_seconds
        return int(vault.depositsReopenAt())

    def test_is_to_the_second_and_closes_deposits_and_stakes_alone(
        self, keel: Keel, vault: StakingVault, reopen_at: int
    ) -> None:
        person = keel.actors.depositor.address
        assert vault.stakeableValidators() == 0
        with fails("DepositsClosed", reopenAt=reopen_at):
            stake(keel, 1, first=100)
        keel.quick.instant.redeem.send(ETHER * 10**9, person, 0, sender=person)
        change(keel, 0, frames=REOPENING_FRAMES - 1)
        jump_to(keel.rpc, reopen_at - 1)
        assert (vault.depositableWei(), vault.state()) == (0, 0)
        with fails("DepositsClosed", reopenAt=reopen_at):
            deposit_at(keel, reopen_at - 1, person, ETHER)
        jump_to(keel.rpc, reopen_at)
        assert vault.depositableWei() > 0
        deposit_at(keel, reopen_at, person, ETHER)

    @pytest.mark.parametrize("seconds_after", [-1, 1])
    def test_and_a_pause_are_named_by_the_later(
        self, keel: Keel, vault: StakingVault, reopen_at: int, seconds_after: int
    ) -> None:
        """STA-4."""
        length, person = keel.profile.max_pause_seconds // 2, keel.actors.depositor.address
        pause_at = reopen_at + seconds_after - length
        guardian = keel.holder_of("GUARDIAN").address
        set_next_timestamp(keel.rpc, pause_at)
        vault.pause.send(DEPOSIT, length, sender=guardian)
        until = reopen_at + max(0, seconds_after)
        assert vault.pausedUntil(DEPOSIT) == until
        change(keel, 0, frames=(reopen_at - now(keel.rpc)) // keel.profile.frame_seconds)
        refusal = ("ActionPaused", {"action": DEPOSIT, "until": until})
        if seconds_after < 0:
            refusal = ("DepositsClosed", {"reopenAt": reopen_at})
        with fails(refusal[0], **refusal[1]):
            deposit_at(keel, until - 1, person, ETHER)
        deposit_at(keel, until, person, ETHER)

    def test_does_not_shorten_a_pause(self, keel: Keel, vault: StakingVault) -> None:
        """A deployment may choose pauses that are longer than the 7 frames."""
        longest = 2 * REOPENING_FRAMES * keel.profile.frame_seconds
        patient = construct(keel, maxPauseSeconds=longest)
        set_runtime_code(keel.rpc, vault.address, runtime_code(keel.rpc, patient.address))
        guardian = keel.holder_of("GUARDIAN").address
        paused_at = vault.pause.send(DEPOSIT, longest, sender=guardian).timestamp
        at = announce_loss(keel, ANNOUNCED_WEI).timestamp + keel.profile.frame_seconds
        lose_at(keel, at, ANNOUNCED_WEI)
        assert vault.depositsReopenAt() == at + REOPENING_FRAMES * keel.profile.frame_seconds
        assert vault.pausedUntil(DEPOSIT) == paused_at + longest > vault.depositsReopenAt()

    def test_is_not_shortened_by_ending_a_pause(
        self, keel: Keel, vault: StakingVault, reopen_at: int
    ) -> None:
        guardian = keel.holder_of("GUARDIAN").address
        for seconds in (500, 0):
            vault.pause.send(DEPOSIT, seconds, sender=guardian)
        assert vault.pausedUntil(DEPOSIT) == reopen_at
        with fails("DepositsClosed", reopenAt=reopen_at):
            deposit(keel, keel.actors.depositor.address, ETHER)


class TestUnvestedLimit:
    """LIM-4: no deposit while U is above the larger of 1 % of V and 32 ETH."""

    @pytest.mark.parametrize("more_wei", [0, 4_000 * ETHER])
    def test_holds_at_the_bound_and_opens_with_time(
        self, keel: Keel, vault: StakingVault, more_wei: int
    ) -> None:
        person = keel.actors.depositor.address
        if more_wei:
            deposit(keel, person, more_wei)
        ref_time = next_reference_slot(keel)
        as_contract(keel.quick.oracle)
        fee_wei = vault.previewReport(inputs_of(keel, ref_time, 60 * ETHER)).feeWei
        visible_wei = vault.totalSupply() + fee_wei
        limit_wei = max(visible_wei // 100, 32 * ETHER)
        assert (limit_wei > 32 * ETHER) is (more_wei > 0)
        for beyond_wei in (0, 1):
            with reverting(keel.rpc):
                inputs = inputs_of(keel, ref_time, limit_wei + fee_wei + beyond_wei)
                set_next_timestamp(keel.rpc, ref_time)
                apply(keel, inputs)
                jump_to(keel.rpc, ref_time)
                assert vault.totals().unvestedWei == limit_wei + beyond_wei
                assert (vault.depositableWei() > 0) is (beyond_wei == 0)
                if beyond_wei:
                    above = {"unvestedWei": limit_wei + 1, "limitWei": limit_wei}
                    with fails("UnvestedAboveLimit", **above):
                        deposit_at(keel, ref_time, person, ETHER)
                held = shares_of(keel, person)[0]
                deposit_at(keel, ref_time + beyond_wei, person, ETHER)
                assert shares_of(keel, person)[0] > held


def test_bonds_buy_nothing_of_a_loss_that_comes_back(keel: Keel, vault: StakingVault) -> None:
    """KEY-6, LIM-4: deposits wait; a bond costs what a share will be worth, up to par."""
    announce_loss(keel, 500 * ETHER)
    change(keel, -500 * ETHER)
    change(keel, 500 * ETHER, frames=REOPENING_FRAMES + 1)
    _, assets_wei, unvested_wei = vault.totals()
    assert assets_wei == 1_000 * ETHER
    assert vault.depositableWei() == 0
    assert assets_wei - unvested_wei < 501 * ETHER
    bonds = keel.quick.bonds.address
    before = units_of(keel, bonds)
    stake(keel, 1, first=100)
    assert units_of(keel, bonds) - before == ETHER
