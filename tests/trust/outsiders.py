"""Those without a role: an operator, whoever has ether, an underwriter."""

from dataclasses import replace

from keel.chain.clock import jump, now, reverting
from keel.model.constants import DAY, ETHER, SHARES_PER_UNIT, SHARES_PER_WEI
from tests.deployment import Keel
from tests.incidents.stage import newest_frame
from tests.trust.slashing import slashed_wei
from tests.trust.victims import JUST_BEFORE_SECONDS, Row, Victims, shown
from tests.unit.contracts.hands import deposit, report
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
    lost_wei, each_wei = _slashing(keel)
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
        "figure is for an operator that runs all "
        f"validators and has all of them slashed at once: {shown(each_wei)} ETH each, as REP-10 "
        "expects it with a million validators on the chain, announced within a frame and applied a "
        "frame later. Its target bounds its part (OPR-3); its bond does not yet pay for it.",
    )


def _slashing(keel: Keel) -> tuple[int, int]:
    """What victims lose when all of their validators are slashed, and each validator's loss."""
    with reverting(keel.rpc):
        victims, reporting = Victims.of_staked_ether(keel), Reporting.of_members(keel)
        jump(keel.rpc, keel.profile.frame_seconds + keel.profile.finality_seconds)
        count = keel.quick.vault.reportBase(now(keel.rpc)).stakedValidators
        loss_wei = slashed_wei(count)

        def is_applied() -> bool:
            seen = reporting.changed_report(newest_frame(reporting), -loss_wei)
            seen = replace(seen, slashed_validators=count)
            return reporting.was_applied(reporting.submit(seen, 4))

        assert not is_applied()
        assert victims.missing_wei() == 0
        jump(keel.rpc, keel.profile.frame_seconds)
        assert is_applied()
        return victims.missing_wei(), loss_wei // count


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


OUTSIDERS = (operator, limit_taker, late_underwriter)
