"""Direct staking against kETH: the same 320 ETH in ten validators of one's own, and through Keel.

What Keel pays is measured on the chain. What ten validators alone have is the consensus layer's
arithmetic, the same by which Keel's validators earn and lose here.
"""

from collections.abc import Callable

from keel.chain.clock import reverting
from keel.market.stories.formula import FORMULA, FormulaStage, frame_yield_wei
from keel.market.stories.pools import Pools, open_pools
from keel.market.stories.solo_figures import (
    ABSENCE_WEI,
    ALONE_WEI,
    AT_ONCE_WEI,
    CORRELATED_WEI,
    EXIT_DAYS,
    FRAMES,
    INSURED_WEI,
    LOOK_FRAMES,
    OFFLINE_DAYS,
    POOL_SIDE_WEI,
    SMALL_WEI,
    SOLO_VALIDATORS,
    STAKE_WEI,
    Leaving,
    Risk,
    Solo,
)
from keel.market.stories.solo_telling import tell
from keel.market.stories.story import Story
from keel.market.uniswap import UNISWAP
from keel.measure.gas.steady import prove_slashed
from keel.model.constants import VALIDATOR_DEPOSIT_WEI
from keel.model.rounding import ceil_div

HOLDER = "holder"
OPERATOR = 0
"""The operator that misfortune meets."""


def live(stage: FormulaStage) -> Solo:
    """Stake, look at ways out and at risks, and let a year pass."""
    pools = open_pools(stage, "deployer", POOL_SIDE_WEI)
    underwriter, fund = stage.who("underwriter"), stage.keel.fund
    insured = stage.buy("underwriter", INSURED_WEI)
    stage.keel.wrapped.approve.send(fund.address, insured, sender=underwriter)
    fund.deposit.send(insured, underwriter, sender=underwriter)
    stage.buy(HOLDER, STAKE_WEI)
    stage.stake_more()
    stage.world.report()
    leavings = (*_sales(stage, pools), _at_once(stage), _by_ticket(stage), _solo_exit())
    risks = _risks(stage)
    staked_wei, backing_wei = stage.staked_wei(), stage.keel.vault.totals().assetsWei
    redeemable_wei = stage.keel.instant.redeemableWei()
    worths_wei = [_worth_wei(stage)]
    for _ in range(FRAMES // LOOK_FRAMES):
        for _ in range(LOOK_FRAMES):
            stage.earn_frame()
        worths_wei.append(_worth_wei(stage))
    return Solo(
        solo_earned_wei=FRAMES * frame_yield_wei(STAKE_WEI),
        worths_wei=tuple(worths_wei),
        staked_wei=staked_wei,
        backing_wei=backing_wei,
        fee_bps=stage.fee_bps(),
        redeemable_wei=redeemable_wei,
        leavings=leavings,
        risks=risks,
    )


def _worth_wei(stage: FormulaStage) -> int:
    return stage.keel.wrapped.convertToAssets(stage.units(HOLDER))


def _sales(stage: FormulaStage, pools: Pools) -> tuple[Leaving, ...]:
    """Sell a little, and all, in the pools."""
    found = []
    for amount_wei in (SMALL_WEI, STAKE_WEI):
        with reverting(stage.rpc):
            units = stage.units(HOLDER) * amount_wei // STAKE_WEI
            paid_wei = pools.sell(HOLDER, units, max(1, amount_wei // SMALL_WEI))
        found.append(Leaving("Keel: a sale in the pools", amount_wei, paid_wei, 0))
    return tuple(found)


def _at_once(stage: FormulaStage) -> Leaving:
    """Instant redemption of what is buffered."""
    keel, who = stage.keel, stage.who(HOLDER)
    with reverting(stage.rpc):
        units = keel.wrapped.convertToShares(AT_ONCE_WEI)
        keel.wrapped.redeem.send(units, who, who, sender=who)
        shares = keel.vault.sharesOf(who)
        before_wei = stage.ether_wei(HOLDER)
        keel.instant.redeem.send(shares, who, 0, sender=who)
        paid_wei = stage.ether_wei(HOLDER) - before_wei
    return Leaving("Keel: instant redemption", AT_ONCE_WEI, paid_wei, 0)


def _by_ticket(stage: FormulaStage) -> Leaving:
    """A ticket for all, which exits pay."""
    keel, who = stage.keel, stage.who(HOLDER)
    with reverting(stage.rpc):
        keel.wrapped.redeem.send(stage.units(HOLDER), who, who, sender=who)
        asked_wei = keel.vault.balanceOf(who)
        keel.queue.request.send(asked_wei, who, sender=who)
        missing_wei = keel.queue.owedWei() - keel.vault.bufferedWei()
        exited = ceil_div(max(0, missing_wei), VALIDATOR_DEPOSIT_WEI)
        for _ in range(EXIT_DAYS - 1):
            stage.world.report()
        exited_wei = exited * VALIDATOR_DEPOSIT_WEI
        stage.world.report(
            change_wei=-exited_wei, withdrawals_wei=exited_wei, exited_validators=exited
        )
        before_wei = stage.ether_wei(HOLDER)
        keel.queue.claim.send(keel.queue.lastTicket(), sender=who)
        paid_wei = stage.ether_wei(HOLDER) - before_wei
    return Leaving("Keel: a ticket", asked_wei, paid_wei, EXIT_DAYS)


def _solo_exit() -> Leaving:
    return Leaving("alone: exit of all validators", STAKE_WEI, STAKE_WEI, EXIT_DAYS)


def _risks(stage: FormulaStage) -> tuple[Risk, ...]:
    count = stage.keel.registry.operator(OPERATOR).staked
    return (
        Risk(
            "one validator is slashed, alone",
            ALONE_WEI,
            _lost_wei(stage, lambda: _slash(stage, 1, ALONE_WEI)),
        ),
        Risk(
            "all ten are slashed with a tenth of the chain; in Keel, all of one operator",
            SOLO_VALIDATORS * CORRELATED_WEI,
            _lost_wei(stage, lambda: _slash(stage, count, CORRELATED_WEI)),
        ),
        Risk(
            f"all ten are offline for {OFFLINE_DAYS} days; in Keel, all of one operator",
            OFFLINE_DAYS * (frame_yield_wei(STAKE_WEI) + SOLO_VALIDATORS * ABSENCE_WEI),
            _lost_wei(stage, lambda: _work(stage, count))
            - _lost_wei(stage, lambda: _work(stage, 0)),
        ),
    )


def _lost_wei(stage: FormulaStage, befall: Callable[[], None]) -> int:
    """What the holder has less afterwards; the chain is as before then."""
    before_wei = _worth_wei(stage)
    with reverting(stage.rpc):
        befall()
        return before_wei - _worth_wei(stage)


def _slash(stage: FormulaStage, count: int, each_wei: int) -> None:
    """Prove some of an operator's validators slashed, and report until the loss is applied."""
    for key_index in range(count):
        prove_slashed(stage.world, key_index, OPERATOR)
    loss_wei = count * each_wei
    stage.world.report(change_wei=-loss_wei, slashed_validators=count)
    if stage.keel.vault.consensus().announcedAt:
        stage.world.report(change_wei=-loss_wei, slashed_validators=count)


def _work(stage: FormulaStage, absent: int) -> None:
    """Let a week pass with some validators absent, and one day more without."""
    validators = stage.keel.registry.totals().staked
    for _ in range(OFFLINE_DAYS):
        working_wei = stage.staked_wei() * (validators - absent) // validators
        change_wei = frame_yield_wei(working_wei) - absent * ABSENCE_WEI
        stage.world.report(change_wei=change_wei)
    stage.earn_frame()
    stage.earn_frame()


SOLO = Story("solo", "Direct staking against kETH", FORMULA, (UNISWAP,), live, tell)
