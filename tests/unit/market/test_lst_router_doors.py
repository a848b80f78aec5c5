"""What LstRouter lets in and out when a source or a token is not what it should be (RTR)."""

from typing import Any

import pytest
from eth_utils.crypto import keccak

from keel.chain.clock import jump, now
from keel.model.constants import BPS, DAY, ETHER
from keel.model.market.router import NoSharesYet
from tests.causes import fails
from tests.unit.contracts.hands import announce_loss, undone
from tests.unit.contracts.vaults import note_slashing
from tests.unit.market.routing import FEE_BPS, OTHER, OWN, SECOND, Market, answering, listings
from tests.unit.market.stage import latest, place

LOCKED = keccak(text="ReentrancyGuardReentrantCall()")[:4]
CLOSING = ("announced", "slashed", "stale", "unsure")


def close(market: Market, how: str) -> int:
    """Close one asset's source; return its number."""
    keel = market.keel
    if how == "unsure":
        market.push(latest(market.push_feed).answer, is_fresh=False)
        return OTHER
    if how == "announced":
        announce_loss(keel, 200 * ETHER)
    elif how == "slashed":
        jump(keel.rpc, 60)
        note_slashing(keel, 64 * ETHER, now(keel.rpc))
    else:
        jump(keel.rpc, 3 * keel.profile.frame_seconds)
    return OWN


@pytest.mark.parametrize("how", CLOSING)
def test_a_source_that_is_not_fresh_closes_its_asset_alone(stocked: Market, how: str) -> None:
    """RTR-4 and RTR-5: in both directions; the others trade, and everybody can leave."""
    require_only_closed(stocked, close(stocked, how))


def test_no_age_is_so_great_that_a_source_that_is_not_fresh_is_open(market: Market) -> None:
    """RTR-4: a bound of 2^32 - 1 seconds reaches back beyond 1970."""
    terms = listings(list(zip(market.tokens, market.feeds, strict=True)), [2**32 - 1] * 3)
    standing = place(market.keel, "LstRouter", FEE_BPS, terms).function("standing")
    assert standing(OTHER).isOpen
    close(market, "unsure")
    assert not standing(OTHER).isOpen


def test_a_ceiling_grows_with_time_and_not_with_looks(stocked: Market) -> None:
    """RTR-5: a source that lies answers its ceiling, again and again."""
    rpc, source, standing = stocked.keel.rpc, stocked.push_feed, stocked.router.function("standing")

    def ceiling() -> int:
        rpc.call("anvil_setCode", source.address, "0x60006000fd")
        return int(standing(OTHER).rateWei)

    first, began, listed = ceiling(), now(rpc), stocked.model.assets[OTHER].listing
    for _ in range(10):
        rpc.call("anvil_setCode", source.address, answering(ceiling()))
        stocked.call("swap", OWN, OTHER, ETHER // 1000)
    growth = first * listed.growth_bps * (now(rpc) - began) // (BPS * DAY)
    assert first <= ceiling() <= first + 2 * growth  # what grew grows too, by far less than itself


BROKEN = {
    "reverts": "60006000fd",
    "burns all gas": "5b600056",
    "answers nothing": "00",
    "answers too little": "60206000f3",
    "answers very much": "61ffff6000f3",
    "is gone": "",
    "answers 0, just now": "42606052" + "60a06000f3",
    "answers from the future": "600142016060526001602052" + "60a06000f3",
}
"""Runtime code in the place of a source."""


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN)
def test_a_source_that_breaks_closes_its_asset_alone(stocked: Market, code: str) -> None:
    """RTR-4 and RTR-5."""
    stocked.keel.rpc.call("anvil_setCode", stocked.push_feed.address, "0x" + code)
    require_only_closed(stocked, OTHER)


def test_a_rate_beyond_the_ceiling_closes_and_one_below_does_not(stocked: Market) -> None:
    """RTR-5: a day's growth at once, a tenth here, and not a wei more."""
    keel, last = stocked.keel, latest(stocked.push_feed).answer
    jump(keel.rpc, 100)
    ceiling = stocked.model.assets[OTHER].ceiling_wei(now(keel.rpc))
    assert ceiling - last - last // 10 == pytest.approx(last // 10 * 100 / 86_400, rel=0.2)
    standing = stocked.router.function("standing")
    for rate_wei, is_open in ((ceiling, True), (ceiling + 1, False), (last // 2, True)):
        keel.rpc.call("anvil_setCode", stocked.push_feed.address, answering(rate_wei))
        found = standing(OTHER)
        assert (found.isOpen, found.rateWei) == (is_open, rate_wei if is_open else ceiling)


def require_only_closed(market: Market, closed: int) -> None:
    one, two = (number for number in (OWN, SECOND, OTHER) if number != closed)
    for name, arguments in (
        ("deposit", (closed, ETHER)),
        ("withdraw", (closed, ETHER)),
        ("swap", (closed, one, ETHER)),
        ("swap", (one, closed, ETHER)),
    ):
        with fails("SourceClosed", asset=closed):
            market.call(name, *arguments)
    low_wei, high_wei = market.router.function("valueWei")()
    assert low_wei * 14 < high_wei * 10
    assert market.call("swap", one, two, ETHER) > ETHER * 8 // 10
    shares = market.held()
    credited = market.call("deposit", one, ETHER)
    paid = market.call("withdraw", two, credited)
    assert 0 < paid < ETHER * 3 // 4  # the closed third counts against whoever comes and goes
    assert market.held() == shares
    left = market.withdraw_all(shares // 2)
    assert left[closed] > 40 * ETHER


def test_a_gift_changes_nothing(stocked: Market) -> None:
    """RTR-2."""
    for token in stocked.tokens:
        token.function("transfer").send(stocked.router.address, 50 * ETHER, sender=stocked.trader)
    stocked.see()
    stocked.require_the_models()
    assert [asset.balance for asset in stocked.model.assets] == [100 * ETHER] * 3


def test_the_first_deposit_leaves_shares_that_nobody_gets(market: Market) -> None:
    """RTR-2: too small a one is refused, and so is a later one worth no share."""
    rate_wei = latest(market.push_feed).answer
    least = 10**15
    worth_wei = least * rate_wei // ETHER
    credited_wei = worth_wei - -(-worth_wei * FEE_BPS // 10_000)
    assert credited_wei > least  # at this rate
    market.see()
    with fails("FirstDepositTooSmall", valueWei=0, least=least):
        market.call("deposit", OTHER, 1)
    assert market.call("deposit", OTHER, least) == credited_wei - least
    assert market.router.function("balanceOf")(market.router.address) == least
    with fails("NothingOut", amountIn=1):
        market.call("deposit", OTHER, 1)


def test_an_asset_moves_so_much_a_day(stocked: Market) -> None:
    """RTR-6: both ways together; it fills again in a day, and leaving needs none of it."""
    standing = stocked.router.function("standing")
    turns = 0
    stocked.other.function("mint").send(stocked.trader, 10_000 * ETHER, sender=stocked.trader)
    while (left := standing(OTHER).leftWei) > 200 * ETHER:
        shares = stocked.call("deposit", OTHER, 80 * ETHER)
        assert standing(OTHER).leftWei < left - 80 * ETHER
        stocked.call("withdraw", OTHER, shares)
        turns += 1
    assert turns == 10  # each of twice 80 units at 1.08 ETH, of the 1,800 ETH that are left
    with pytest.raises(Exception, match="LimitExceeded"):
        stocked.call("swap", OTHER, OWN, 190 * ETHER)
    assert min(stocked.withdraw_all(stocked.held() // 2)) > 40 * ETHER


def test_a_token_that_stops_holds_up_no_other(stocked: Market) -> None:
    """RTR-7: its part stays, for who is still there."""
    stocked.other.function("behave").send(0, True, sender=stocked.trader)
    half = stocked.held() // 2
    with fails("Stopped"):
        stocked.withdraw_all(half)
    found = stocked.withdraw_all(half, 1 << OTHER)
    assert found[OTHER] == 0
    assert min(found[:OTHER]) > 49 * ETHER
    assert stocked.router.function("standing")(OTHER).balance == 100 * ETHER


def test_a_token_that_keeps_part_of_a_transfer_is_refused(stocked: Market) -> None:
    """RTR-2."""
    stocked.other.function("behave").send(1, False, sender=stocked.trader)
    token, kept = stocked.other.address, ETHER // 10_000
    with fails("TokenTookPart", token=token, sent=ETHER, received=ETHER - kept):
        stocked.call("deposit", OTHER, ETHER)


@pytest.mark.parametrize(
    "name", ["valueWei", "standing", "swap", "deposit", "withdraw", "withdrawAll"]
)
def test_is_locked_while_a_token_is_called(stocked: Market, name: str) -> None:
    """RTR-8: who asks for worth in the middle of a call gets no answer, and nobody trades."""
    arguments: dict[str, tuple[Any, ...]] = {
        "valueWei": (),
        "standing": (OTHER,),
        "swap": (OWN, SECOND, 1, 0, stocked.trader),
        "deposit": (OWN, 1, 0, stocked.trader),
        "withdraw": (OWN, 1, 0, stocked.trader),
        "withdrawAll": (1, 0, [0, 0, 0], stocked.trader),
    }
    data = stocked.router.function(name).encode(*arguments[name])
    hook = stocked.other.function("callOnTransfer")
    hook.send(stocked.router.address, data, sender=stocked.trader)
    stocked.call("swap", OTHER, OWN, ETHER)
    assert not stocked.other.function("passed")()
    assert bytes(stocked.other.function("answer")()) == LOCKED


def test_books_are_complete_before_a_token_is_called(stocked: Market) -> None:
    """RTR-8: supply, which is not locked, has fallen by then."""
    data = stocked.router.function("totalSupply").encode()
    hook = stocked.other.function("callOnTransfer")
    hook.send(stocked.router.address, data, sender=stocked.trader)
    stocked.withdraw_all(stocked.held() // 3)
    seen = int.from_bytes(stocked.other.function("answer")())
    assert seen == stocked.router.function("totalSupply")()


def test_minimums_are_kept(stocked: Market) -> None:
    """RTR-3: to the wei, by who trades."""
    router, trader = stocked.router, stocked.trader
    for name, arguments in (
        ("deposit", (OTHER, ETHER)),
        ("withdraw", (OTHER, ETHER)),
        ("swap", (OTHER, SECOND, ETHER)),
    ):
        with undone(stocked.keel.rpc):
            given_out = stocked.call(name, *arguments)
        with (
            undone(stocked.keel.rpc),
            fails("BelowMinimum", amount=given_out, minimum=given_out + 1),
        ):
            router.function(name)(*arguments, given_out + 1, trader, sender=trader)
    with fails("MinimumsMissing", given=2, needed=3):
        router.function("withdrawAll")(ETHER, 0, [0, 0], trader, sender=trader)


def test_what_is_not_there_is_refused(stocked: Market) -> None:
    """RTR-2 and RTR-4."""
    with fails("NoSuchAsset", asset=3, count=3):
        stocked.call("deposit", 3, ETHER)
    with fails("SameAsset", asset=OWN):
        stocked.call("swap", OWN, OWN, ETHER)
    rates = [latest(feed).answer for feed in stocked.feeds]
    amount = 150 * ETHER
    worth_wei = amount * rates[OTHER] // ETHER
    wanted = (worth_wei - -(-worth_wei * FEE_BPS // 10_000)) * ETHER // rates[SECOND]
    with fails("InsufficientLiquidity", neededWei=wanted, availableWei=100 * ETHER):
        stocked.call("swap", OTHER, SECOND, amount)


@pytest.mark.parametrize("asked", [0, 1, ETHER])
def test_nobody_withdraws_before_the_first_deposit(market: Market, asked: int) -> None:
    """RTR-2 and RTR-7: with the reason, by either door."""
    market.see()
    for name, arguments in (("withdraw", (OWN, asked)), ("withdraw_all", (asked,))):
        with pytest.raises(NoSharesYet):
            getattr(market.model, name)(*arguments)
    with fails("NoSharesYet", asked=asked):
        market.call("withdraw", OWN, asked)
    with fails("NoSharesYet", asked=asked):
        market.withdraw_all(asked)
    market.call("deposit", OWN, ETHER)
    market.call("withdraw", OWN, ETHER // 2)
