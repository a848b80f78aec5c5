"""A tenth of everything is slashed, and somebody trades at the old price before Keel knows.

All validators of an operator sign twice, and the beacon chain slashes them. Who watches it sells in
the pools and borrows at the rate before the slashing is proven. Then a report announces the loss,
and the next one applies it: what the chain has taken, and what it will take weeks later for many
slashings at a time.
"""

from collections.abc import Mapping

from keel.chain.state import balance_wei
from keel.circle.reports import Reported
from keel.market.feeds import rate_feed_of
from keel.market.morpho import MORPHO
from keel.market.stories.beacon import BEACON, BeaconStage
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
    POOL_SIDE_WEI,
    SLASHED_OPERATOR,
    SOLD_UNITS,
    TICKET_WEI,
    Parts,
    Penalties,
    Sell,
    Slashing,
    View,
)
from keel.market.stories.slashing_telling import tell
from keel.market.stories.story import Story
from keel.market.stories.watched import Alarms, watching
from keel.market.stories.worth import REST, Ledger, changes_wei, pool_contracts
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.scenarios.refusals import refusal
from keel.scenarios.slashings import prove_slashed
from keel.scenarios.validators import Slashed, lost_by, slash, suffer_penalty

INFORMED, LIQUIDATOR, UNDERWRITER, LEAVER = "attacker", "stranger", "underwriter", "council"
PARTIES = {
    "depositor": "holders who did nothing",
    INFORMED: "who sold and borrowed in time",
    LEAVER: "tickets",
    CAREFUL: f"borrower at {BORROWERS[CAREFUL]} %",
    DARING: f"borrower at {BORROWERS[DARING]} %",
    LIQUIDATOR: "liquidator",
}
_LOOSE_WEI = 10**14


def live(stage: BeaconStage) -> Slashing:
    """Prepare, slash, trade, prove, announce, liquidate, apply, count, and wait for the chain."""
    pools, lending = _prepare(stage)
    ledger = Ledger(stage, PARTIES, pool_contracts(stage, pools.stable), [lending])
    before, ether_before = ledger.worth_wei(), _ether_wei(stage)
    backing_wei = stage.backing_wei()
    with watching(stage, pools, lending) as alarms:
        views = [_view(stage, pools, "before", alarms())]
        had_gwei, slashed = _slash(stage)
        sold_for_wei, borrowed_wei = _act_in_time(stage, pools, lending)
        views.append(_view(stage, pools, "slashed, not proven yet", alarms()))
        prove_slashed(stage.world, slashed)
        views.append(_view(stage, pools, "proven", alarms()))
        refused = _try_doors(stage)
        stage.report()
        views.append(_view(stage, pools, "announced", alarms()))
        liquidations = _liquidate(stage, pools, lending)
        applied = stage.report()
        views.append(_view(stage, pools, "applied", alarms()))
        stage.keel.queue.claim.send(stage.keel.queue.lastTicket(), sender=stage.who(LEAVER))
        after, lost_wei = ledger.worth_wei(), _would_lose_wei(stage, views[0].rate_wei)
        penalties = _await_penalties(stage, slashed, had_gwei)
        views.append(_view(stage, pools, "larger penalty taken", alarms()))
    return Slashing(
        validators=len(slashed.indices),
        backing_wei=backing_wei,
        parts=_parts(applied),
        penalties=penalties,
        views=tuple(views),
        liquidations=liquidations,
        sold_for_wei=sold_for_wei,
        borrowed_wei=borrowed_wei,
        refused=refused,
        at_stake_wei={name: wei - ether_before.get(name, 0) for name, wei in before.items()},
        changes_wei=changes_wei(before, after),
        kept_would_lose_wei=lost_wei,
    )


def _prepare(stage: BeaconStage) -> tuple[Pools, Lending]:
    pools = open_pools(stage, "deployer", POOL_SIDE_WEI)
    stage.report()  # the mean price needs as much memory
    lending = open_lending(stage, rate_feed_of(stage.site), "deployer", LENT_WEI)
    for name, part in BORROWERS.items():
        lending.bring(name, stage.buy(name, COLLATERAL_WEI))
        lending.borrow(name, COLLATERAL_WEI * part // 100)
    underwriter, fund = stage.who(UNDERWRITER), stage.keel.fund
    units = stage.buy(UNDERWRITER, INSURED_WEI)
    stage.keel.wrapped.approve.send(fund.address, units, sender=underwriter)
    fund.deposit.send(units, underwriter, sender=underwriter)
    stage.buy(INFORMED, stage.keel.wrapped.convertToAssets(SOLD_UNITS + LEFT_UNITS) + 1)
    stage.report()
    leaver = stage.who(LEAVER)
    stage.keel.vault.deposit.send(leaver, leaver, sender=leaver, value_wei=TICKET_WEI)
    owned_wei = stage.keel.vault.balanceOf(leaver)
    stage.keel.queue.request.send(owned_wei, leaver, sender=leaver)
    return pools, lending


def _slash(stage: BeaconStage) -> tuple[int, Slashed]:
    """Let an operator's validators sign twice; returns what they had before, in gwei."""
    beacon = stage.world.beacon
    keys = [key for key, operator in beacon.operators.items() if operator == SLASHED_OPERATOR]
    standings = beacon.standings()
    had_gwei = sum(standings[key].balance_gwei for key in keys)
    return had_gwei, slash(stage.world, keys)


def _act_in_time(stage: BeaconStage, pools: Pools, lending: Lending) -> tuple[int, int]:
    """Sell in the pools, and borrow all that wkETH allows at the old rate; wei of both."""
    sold_for_wei = pools.sell(INFORMED, SOLD_UNITS, 10)
    lending.bring(INFORMED, stage.units(INFORMED))
    lending.accrue()
    borrowed_wei = lending.can_borrow_wei(INFORMED) - _LOOSE_WEI
    lending.borrow(INFORMED, borrowed_wei)
    return sold_for_wei, borrowed_wei


def _try_doors(stage: BeaconStage) -> dict[str, str]:
    """Why nobody enters or leaves at once any more."""
    who, keel = stage.who("depositor"), stage.keel
    keel.wrapped.redeem.send(ETHER, who, who, sender=who)
    shares = keel.vault.sharesOf(who)
    return {
        "instant redemption": refusal(lambda: keel.instant.redeem(shares, who, 1, sender=who)),
        "deposit": refusal(lambda: keel.vault.deposit(who, who, sender=who, value_wei=ETHER)),
    }


def _liquidate(stage: BeaconStage, pools: Pools, lending: Lending) -> tuple[Sell, ...]:
    """Seize all that is worth it, once the feed knows of the loss; lenders bear the rest.

    The pools still pay the old price, so the liquidator sells there at once.
    """
    stage.wrap_ether(LIQUIDATOR, LENT_WEI)
    lending.accrue()
    done = []
    for name in (*BORROWERS, INFORMED):
        found = lending.position(name)
        if lending.health_wad(name) >= ETHER:
            continue
        covered = found.debt_wei * LIQUIDATION_WAD // lending.price_wei() <= found.units
        sold = lending.liquidate(name, LIQUIDATOR, 0 if covered else found.units)
        fetched_wei = pools.sell(LIQUIDATOR, sold.units, 4)
        bad_wei = 0 if covered else found.debt_wei - sold.paid_wei
        done.append(Sell(name, sold.units, sold.paid_wei, fetched_wei, bad_wei))
    return tuple(done)


def _await_penalties(stage: BeaconStage, slashed: Slashed, had_gwei: int) -> Penalties:
    """Go on, frame by frame, until the chain has taken the larger penalty."""
    larger_wei, _ = suffer_penalty(stage.world, slashed)
    standings = stage.world.beacon.standings()
    left = [each for each in standings.values() if each.slashed]
    return Penalties(
        slots_until_larger=slashed.penalty_slot - slashed.slot,
        first_gwei=slashed.first_penalty_gwei,
        larger_gwei=larger_wei // GWEI,
        taken_gwei=had_gwei - sum(each.balance_gwei for each in left),
        left_gwei=sum(each.penalty_gwei for each in left),
        counted_gwei=slashed.first_penalty_gwei + slashed.expected_gwei,
    )


def _view(stage: BeaconStage, pools: Pools, when: str, alarms: Alarms) -> View:
    rate_wei, feed = stage.rate_wei(), rate_feed_of(stage.site).function("latestRoundData")()
    return View(
        when=when,
        state=State(stage.keel.vault.state()).name.lower(),
        rate_wei=rate_wei,
        feed_wei=feed.answer,
        is_fresh=feed.updatedAt > 0,
        stable_wei=pools.stable_price_wad() * rate_wei // ETHER,
        uniswap_wei=pools.uniswap_price_wad() * rate_wei // ETHER,
        alarms=alarms,
    )


def _parts(applied: Reported) -> Parts:
    lost = lost_by(applied)
    return Parts(
        loss_wei=lost.loss_wei,
        bonds_wei=lost.bond_wei,
        unvested_wei=lost.unvested_wei,
        cover_wei=lost.cover_wei,
        holders_wei=lost.holders_wei,
        tickets_wei=lost.tickets_wei,
    )


def _would_lose_wei(stage: BeaconStage, rate_before_wei: int) -> int:
    """What the wkETH that was sold and left in time would have lost."""
    units = SOLD_UNITS + LEFT_UNITS
    return units * rate_before_wei // ETHER - stage.keel.wrapped.convertToAssets(units)


def _ether_wei(stage: BeaconStage) -> Mapping[str, int]:
    """Ether that people have besides, by party: no slashing reaches it."""
    held: dict[str, int] = {}
    for name, address in stage.site.actors.items():
        party = PARTIES.get(name, REST)
        held[party] = held.get(party, 0) + balance_wei(stage.rpc, address)
    return held


SLASHING = Story("slashing", "A slashing of a tenth", BEACON, (MORPHO,), live, tell)
