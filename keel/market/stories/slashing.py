"""A tenth of everything is slashed, and somebody trades at the old price before the chain knows.

Two operators lose all validators. Who watches the beacon chain sells in the pools and borrows at
the rate in the slots until the slashing is proven. Then a report announces the loss, and the next
one applies it.
"""

from collections.abc import Mapping

from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.market.feeds import rate_feed_of
from keel.market.morpho import MORPHO
from keel.market.stories.lending import LIQUIDATION_WAD, Lending, open_lending
from keel.market.stories.pools import Pools, open_pools
from keel.market.stories.slashing_figures import (
    BORROWERS,
    CAREFUL,
    COLLATERAL_WEI,
    DARING,
    INSURED_WEI,
    LEFT_UNITS,
    LENT_WEI,
    PART,
    POOL_SIDE_WEI,
    SLASHED_OPERATORS,
    SOLD_UNITS,
    TICKET_WEI,
    Parts,
    Sell,
    Slashing,
    View,
)
from keel.market.stories.slashing_telling import tell
from keel.market.stories.stage import STAKED_EACH, Stage
from keel.market.stories.story import Story
from keel.market.stories.worth import REST, Ledger, changes_wei, pool_contracts
from keel.measure.gas.steady import prove_slashed
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.scenarios.refusals import refusal

INFORMED, LIQUIDATOR, UNDERWRITER, LEAVER = "attacker", "stranger", "underwriter", "council"
PARTIES = {
    "depositor": "holders who did nothing",
    INFORMED: "who sold and borrowed in time",
    LEAVER: "tickets",
    CAREFUL: f"borrower at {BORROWERS[CAREFUL]} %",
    DARING: f"borrower at {BORROWERS[DARING]} %",
    LIQUIDATOR: "liquidator",
}
VALIDATORS = SLASHED_OPERATORS * STAKED_EACH
_LOOSE_WEI = 10**14


def live(stage: Stage) -> Slashing:
    """Prepare, slash, trade, prove, announce, liquidate, apply, and count."""
    pools, lending = _prepare(stage)
    ledger = Ledger(stage, PARTIES, pool_contracts(stage, pools.stable), [lending])
    before, ether_before = ledger.worth_wei(), _ether_wei(stage)
    loss_wei = _backing_wei(stage) // PART // GWEI * GWEI
    views = [_view(stage, pools, "before")]
    sold_for_wei, borrowed_wei = _act_in_time(stage, pools, lending)
    views.append(_view(stage, pools, "slashed, not proven yet"))
    for operator_id in range(SLASHED_OPERATORS):
        for key_index in range(STAKED_EACH):
            prove_slashed(stage.world, key_index, operator_id)
    views.append(_view(stage, pools, "proven"))
    refused = _try_doors(stage)
    stage.world.report(change_wei=-loss_wei, slashed_validators=VALIDATORS)
    views.append(_view(stage, pools, "announced"))
    liquidations = _liquidate(stage, lending)
    applied = stage.world.report(change_wei=-loss_wei, slashed_validators=VALIDATORS)
    views.append(_view(stage, pools, "applied"))
    stage.keel.queue.claim.send(stage.keel.queue.lastTicket(), sender=stage.who(LEAVER))
    after = ledger.worth_wei()
    return Slashing(
        validators=VALIDATORS,
        parts=_parts(stage, applied),
        views=tuple(views),
        liquidations=liquidations,
        sold_for_wei=sold_for_wei,
        borrowed_wei=borrowed_wei,
        refused=refused,
        at_stake_wei={name: wei - ether_before.get(name, 0) for name, wei in before.items()},
        changes_wei=changes_wei(before, after),
        kept_would_lose_wei=_would_lose_wei(stage, views[0].rate_wei),
    )


def _prepare(stage: Stage) -> tuple[Pools, Lending]:
    pools = open_pools(stage, "deployer", POOL_SIDE_WEI)
    lending = open_lending(stage, rate_feed_of(stage.site), "deployer", LENT_WEI)
    for name, part in BORROWERS.items():
        lending.bring(name, stage.buy(name, COLLATERAL_WEI))
        lending.borrow(name, COLLATERAL_WEI * part // 100)
    underwriter, fund = stage.who(UNDERWRITER), stage.keel.fund
    units = stage.buy(UNDERWRITER, INSURED_WEI)
    stage.keel.wrapped.approve.send(fund.address, units, sender=underwriter)
    fund.deposit.send(units, underwriter, sender=underwriter)
    stage.buy(INFORMED, SOLD_UNITS + LEFT_UNITS)
    stage.world.report()
    leaver = stage.who(LEAVER)
    stage.keel.vault.deposit.send(leaver, leaver, sender=leaver, value_wei=TICKET_WEI)
    owned_wei = stage.keel.vault.balanceOf(leaver)
    stage.keel.queue.request.send(owned_wei, leaver, sender=leaver)
    return pools, lending


def _act_in_time(stage: Stage, pools: Pools, lending: Lending) -> tuple[int, int]:
    """Sell in the pools, and borrow all that wkETH allows at the old rate; wei of both."""
    sold_for_wei = pools.sell(INFORMED, SOLD_UNITS, 10)
    lending.bring(INFORMED, stage.units(INFORMED))
    lending.accrue()
    borrowed_wei = lending.can_borrow_wei(INFORMED) - _LOOSE_WEI
    lending.borrow(INFORMED, borrowed_wei)
    return sold_for_wei, borrowed_wei


def _try_doors(stage: Stage) -> dict[str, str]:
    """Why nobody enters or leaves at once any more."""
    who, keel = stage.who("depositor"), stage.keel
    keel.wrapped.redeem.send(ETHER, who, who, sender=who)
    shares = keel.vault.sharesOf(who)
    return {
        "instant redemption": refusal(lambda: keel.instant.redeem(shares, who, 1, sender=who)),
        "deposit": refusal(lambda: keel.vault.deposit(who, who, sender=who, value_wei=ETHER)),
    }


def _liquidate(stage: Stage, lending: Lending) -> tuple[Sell, ...]:
    """Seize all that is worth it, once the feed knows of the loss; lenders bear the rest."""
    stage.wrap_ether(LIQUIDATOR, LENT_WEI)
    lending.accrue()
    done = []
    for name in (*BORROWERS, INFORMED):
        found = lending.position(name)
        if lending.health_wad(name) >= ETHER:
            continue
        covered = found.debt_wei * LIQUIDATION_WAD // lending.price_wei() <= found.units
        sold = lending.liquidate(name, LIQUIDATOR, 0 if covered else found.units)
        bad_wei = 0 if covered else found.debt_wei - sold.paid_wei
        done.append(Sell(name, sold.units, sold.paid_wei, bad_wei))
    return tuple(done)


def _view(stage: Stage, pools: Pools, when: str) -> View:
    rate_wei, feed = stage.rate_wei(), rate_feed_of(stage.site).function("latestRoundData")()
    return View(
        when=when,
        state=State(stage.keel.vault.state()).name.lower(),
        rate_wei=rate_wei,
        feed_wei=feed.answer,
        is_fresh=feed.updatedAt > 0,
        stable_wei=pools.stable_price_wad() * rate_wei // ETHER,
        uniswap_wei=pools.uniswap_price_wad() * rate_wei // ETHER,
    )


def _parts(stage: Stage, applied: Receipt) -> Parts:
    (event,) = stage.keel.vault.events(applied, "LossAbsorbed")
    names = ("lossWei", "bondWei", "unvestedWei", "coverWei", "holdersWei", "ticketsWei")
    return Parts(*(event.inputs[name] for name in names))


def _backing_wei(stage: Stage) -> int:
    """A + Q."""
    return stage.keel.vault.totals().assetsWei + stage.keel.queue.owedWei()


def _would_lose_wei(stage: Stage, rate_before_wei: int) -> int:
    """What the wkETH that was sold and left in time would have lost."""
    units = SOLD_UNITS + LEFT_UNITS
    return units * rate_before_wei // ETHER - stage.keel.wrapped.convertToAssets(units)


def _ether_wei(stage: Stage) -> Mapping[str, int]:
    """Ether that people have besides, by party: no slashing reaches it."""
    held: dict[str, int] = {}
    for name, address in stage.world.actors.items():
        party = PARTIES.get(name, REST)
        held[party] = held.get(party, 0) + balance_wei(stage.rpc, address)
    return held


SLASHING = Story("slashing", "A slashing of a tenth", (MORPHO,), live, tell)
