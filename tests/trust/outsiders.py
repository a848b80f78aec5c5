"""Those without a role: an operator, whoever has ether, an underwriter."""

from keel.chain.clock import jump
from keel.model.constants import DAY, ETHER, SHARES_PER_UNIT, SHARES_PER_WEI
from tests.deployment import Keel
from tests.trust.victims import JUST_BEFORE_SECONDS, Row, Victims, shown
from tests.unit.contracts.hands import deposit, report
from tests.unit.contracts.validators import KeyProof, Validators

LIMIT_TAKER_WEI = 5_010 * ETHER
REDEEMED_WEI = 5_000 * ETHER
UNDERWRITER_WEI = 100 * ETHER


def operator(keel: Keel) -> Row:
    """Withdraws its keys before each stake, and wants rewards sent elsewhere."""
    Victims.of_liquid_ether(keel)
    validators = Validators(keel)
    bad, good = validators.add_operator(), validators.add_operator()
    registry, manager = validators.registry, validators.manager
    own, others = validators.new_entries(1), validators.new_entries(1)
    proofs: list[KeyProof] = []
    for operator_id, entries in ((bad, own), (good, others)):
        proofs.append((operator_id, validators.add_keys(operator_id, entries), 0, ()))
    registry.withdrawBatch.send(bad, 0, sender=manager)
    registry.setRewardAddress.send(bad, keel.actors.attacker.address, sender=manager)
    validators.stake(proofs, own + others)
    assert registry.operator(good).staked == 1
    victims = Victims.as_they_are(keel)

    def attempt() -> None:
        assert registry.operator(bad).rewardAddress == manager

    missing = victims.missing_over_time(attempt, 14 * keel.profile.frame_seconds)
    return Row(
        "one operator, or its manager's stolen key",
        *missing,
        "Blocks nobody (OPR-7). Its own rewards go elsewhere after 14 frames (OPR-6), when "
        "OPERATORS has long replaced a stolen key. What its validators lose by slashing is a loss "
        "of the waterfall, and is not in this table.",
    )


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
