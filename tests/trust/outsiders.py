"""Those without a role: an operator, whoever has ether, an underwriter."""

from dataclasses import replace

from keel.chain.clock import jump, now, reverting
from keel.model.constants import DAY, ETHER, SHARES_PER_UNIT, SHARES_PER_WEI
from keel.model.frames import State
from tests.deployment import Keel
from tests.incidents.stage import newest_frame
from tests.trust.slashing import slashed_wei
from tests.trust.victims import JUST_BEFORE_SECONDS, Row, Victims, shown
from tests.unit.contracts.hands import as_contract, deposit, report
from tests.unit.contracts.reporting import Reporting
from tests.unit.contracts.validators import (
    FOREIGN_CREDENTIALS,
    Validators,
    leads_elsewhere,
)

LIMIT_TAKER_WEI = 5_010 * ETHER
REDEEMED_WEI = 5_000 * ETHER
UNDERWRITER_WEI = 100 * ETHER


def operator(keel: Keel) -> Row:
    """Deposits first elsewhere, wants rewards sent elsewhere; one that did neither is slashed."""
    bare_wei, each_wei = _slashing(keel, is_proven=False)
    lost_wei, _ = _slashing(keel, is_proven=True)
    Victims.of_liquid_ether(keel)
    validators = Validators(keel)
    bad, good = validators.add_operator(), validators.add_operator()
    registry, manager = validators.registry, validators.manager
    stolen, others = validators.new_entries(2)
    validators.deposit_first(stolen.pubkey, FOREIGN_CREDENTIALS)
    validators.predeposit(bad, [stolen])
    validators.predeposit(good, [others])
    registry.setRewardAddress.send(bad, keel.actors.attacker.address, sender=manager)
    with leads_elsewhere(validators.root()):
        validators.prove([stolen, others])
    validators.prove([others])
    validators.prove_one(stolen.pubkey)
    validators.stake([stolen, others])
    assert (registry.operator(bad).staked, registry.operator(good).staked) == (0, 1)
    victims = Victims.as_they_are(keel)

    def attempt() -> None:
        assert registry.operator(bad).frozen
        assert registry.operator(bad).rewardAddress == manager

    at_once, day, delay = victims.missing_over_time(attempt, 14 * keel.profile.frame_seconds)
    return Row(
        "one operator, or its manager's stolen key",
        at_once,
        day,
        max(delay, lost_wei),
        "Blocks no stake (KEY-6). Can take a key whose predeposit it sees waiting, for 1 ETH, "
        "which the other operator then does not run. Depositing first with other credentials takes "
        "nothing and freezes it (KEY-4), unless it drops the key before the proof. Its own rewards "
        "go elsewhere after 14 frames (OPR-6), when OPERATORS has long replaced a stolen key. The "
        "figure is for an operator that runs all validators and has all of them slashed at once: "
        f"{shown(each_wei)} ETH each, as REP-10 expects it with a million validators on the chain. "
        f"Its bond of 1 ETH each is forfeit and pays for it; without it {shown(bare_wei)} ETH were "
        "lost. Its target bounds its part (OPR-3). While more than 1 % of the whole chain is "
        "slashed, each loses more than its bond.",
    )


def _slashing(keel: Keel, *, is_proven: bool) -> tuple[int, int]:
    """What victims lose when all of their validators are slashed, and each validator's loss."""
    with reverting(keel.rpc):
        victims, reporting = Victims.of_staked_ether(keel), Reporting.of_members(keel)
        jump(keel.rpc, keel.profile.frame_seconds + keel.profile.finality_seconds)
        count = keel.quick.vault.reportBase(now(keel.rpc)).stakedValidators
        loss_wei = slashed_wei(count)
        if is_proven:
            _prove(keel, count)

        assert not _is_lost(reporting, loss_wei, count)
        assert victims.missing_wei() == 0
        jump(keel.rpc, keel.profile.frame_seconds)
        assert _is_lost(reporting, loss_wei, count)
        return victims.missing_wei(), loss_wei // count


def _is_lost(reporting: Reporting, loss_wei: int, count: int) -> bool:
    """Report it with one signature more than a quorum; whether it was applied, not announced."""
    seen = reporting.changed_report(newest_frame(reporting), -loss_wei)
    return reporting.was_applied(reporting.submit(replace(seen, slashed_validators=count), 4))


def _prove(keel: Keel, count: int) -> None:
    """What the registry does once it is shown so many slashed validators of one operator."""
    bonds, vault, registry = keel.quick.bonds, keel.quick.vault, as_contract(keel.quick.registry)
    bonds.add.send([0] * count, count, ETHER, sender=registry)
    bonds.forfeit.send(0, count, sender=registry)
    vault.noteSlashing.send(count * 32 * 10**9, now(keel.rpc) - DAY // 2, sender=registry)
    assert vault.state() == State.SLASHED


def racer(keel: Keel) -> Row:
    """Leaves at once between the slashing of all validators and its proof."""
    bonds_pay_wei, each_wei = _race(keel, 0)
    at_once_wei, dear_wei = _race(keel, 16 * ETHER // 5)
    assert bonds_pay_wei == 0
    return Row(
        "a holder who leaves between a slashing and its proof",
        at_once_wei,
        at_once_wei,
        None,
        "Leaves by instant redemption with all that its limit lets out, 5,000 ETH, in the slot or "
        f"two before anybody proves it. The figure is for a loss of {shown(dear_wei)} ETH of each "
        "validator, as when 3.3 % of the whole chain are slashed with all of ours, less what all "
        f"bear alike. Alone they lose {shown(each_wei)} ETH each: forfeited bonds pay that, and "
        "who leaves pays the fee.",
        "The proof closes the doors for everybody, and tickets bear the loss; [attacks.md]"
        "(attacks.md) has the race of each door. A chain cannot know of a slashing before a block "
        "has it.",
    )


def _race(keel: Keel, each_wei: int) -> tuple[int, int]:
    """What it costs the victims that another did not stay, and each validator's loss."""
    missing = []
    for leaves in (False, True):
        with reverting(keel.rpc):
            victims, reporting = Victims.of_staked_ether(keel), Reporting.of_members(keel)
            vault, who = keel.quick.vault, str(keel.actors.attacker.address)
            deposit(keel, who, LIMIT_TAKER_WEI)
            report(keel)
            count = vault.reportBase(now(keel.rpc)).stakedValidators
            loss_wei = count * each_wei or slashed_wei(count)
            if leaves:
                shares = vault.toSharesUp(keel.profile.instant_limit_wei + 5 * ETHER)
                keel.quick.instant.redeem.send(shares, who, 0, sender=who)
            jump(keel.rpc, DAY + keel.profile.finality_seconds)
            _prove(keel, count)
            while not _is_lost(reporting, loss_wei, count):
                jump(keel.rpc, keel.profile.frame_seconds)
            missing.append(victims.missing_wei())
    return missing[1] - missing[0], loss_wei // count


def limit_taker(keel: Keel) -> Row:
    """Empties the daily limit of instant redemption with ether brought for it."""
    victims = Victims.of_liquid_ether(keel)
    vault, instant, who = keel.quick.vault, keel.quick.instant, str(keel.actors.attacker.address)
    deposit(keel, who, LIMIT_TAKER_WEI)
    shares = vault.toSharesUp(keel.profile.instant_limit_wei + 5 * ETHER)
    paid_wei, fee_wei = instant.previewRedeem(shares)
    assert paid_wei == keel.profile.instant_limit_wei
    instant.redeem.send(shares, who, 0, sender=who)
    assert instant.redeemableWei() < ETHER
    at_once = victims.missing_wei()
    jump(keel.rpc, DAY)
    day = victims.missing_wei()
    report(keel)
    assert instant.redeemableWei() > keel.profile.instant_limit_wei - ETHER
    return Row(
        "anyone with 5,010 ETH",
        at_once,
        day,
        None,
        f"Closes instant redemption for a fee of {shown(fee_wei)} ETH; it refills in a day, "
        "tickets stay open. Accepted, since the fee goes to the fund (AUDIT L6).",
    )


def late_underwriter(keel: Keel) -> Row:
    """Joins the fund just before a redemption's fee arrives there."""
    victims, quick = Victims.of_liquid_ether(keel), keel.quick
    first, late = str(keel.actors.underwriter.address), str(keel.actors.attacker.address)
    for each in (first, late):
        quick.vault.depositWrapped.send(each, each, sender=each, value_wei=UNDERWRITER_WEI)
        units = quick.wrapped.balanceOf(each)
        quick.wrapped.approve.send(quick.fund.address, units, sender=each)
        quick.fund.deposit.send(units, each, sender=each)
    at_once = victims.missing_wei()
    jump(keel.rpc, DAY - JUST_BEFORE_SECONDS)
    day = victims.missing_wei()
    report(keel)
    before = quick.fund.previewRedeem(quick.fund.balanceOf(late))
    holder = victims.holder
    quick.instant.redeem.send(REDEEMED_WEI * SHARES_PER_WEI, holder, 0, sender=holder)
    gained = quick.fund.previewRedeem(quick.fund.balanceOf(late)) - before
    gained_wei = quick.vault.toAssetsDown(gained * SHARES_PER_UNIT)
    return Row(
        "an underwriter who comes late",
        at_once,
        day,
        None,
        f"With as much as all others, takes {shown(gained_wei)} ETH of the fee when 5,000 ETH are "
        "redeemed, from other underwriters. Accepted: it then bears losses for the whole cooldown "
        "(AUDIT L10).",
    )


OUTSIDERS = (operator, racer, limit_taker, late_underwriter)
