"""wkETH split into principal and yield on a real Pendle, through the adapter (SYA)."""

import math
from typing import Any

import pytest

from keel.chain.abi import CustomError
from keel.chain.clock import jump, jump_to
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.market.pendle import Split, ln_implied_rate, split_of
from keel.market.system import Site
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.unit.contracts.vaults import change, stake

NATIVE = "0x" + "0" * 40
DEPOSIT_WEI = 100 * ETHER
YEAR_SECONDS = 365 * 86_400


@pytest.fixture
def split(site: Site) -> Split:
    return split_of(site)


@pytest.fixture
def holder(keel: Keel, split: Split) -> str:
    """Somebody with shares for 100 ETH, while the stream of a report pays."""
    holder = str(keel.actors.holder.address)
    split.adapter.function("deposit").send(
        holder, NATIVE, DEPOSIT_WEI, 0, sender=holder, value_wei=DEPOSIT_WEI
    )
    stake(keel, 3)
    change(keel, 5 * ETHER)
    return holder


def held(token: Contract, holder: str) -> int:
    return int(token.function("balanceOf")(holder))


def send(contract: Contract, function: str, *arguments: Any, sender: str) -> None:
    contract.function(function).send(*arguments, sender=sender)


def split_all(split: Split, holder: str) -> int:
    """Turn all shares of the holder into principal and yield; how many of each."""
    shares = held(split.adapter, holder)
    send(split.adapter, "transfer", split.yields.address, shares, sender=holder)
    send(split.yields, "mintPY", holder, holder, sender=holder)
    assert held(split.principal, holder) == held(split.yields, holder)
    return held(split.principal, holder)


def redeem_principal(split: Split, holder: str) -> int:
    """Redeem all principal after maturity; the shares that it paid."""
    before = held(split.adapter, holder)
    face = held(split.principal, holder)
    send(split.principal, "transfer", split.yields.address, face, sender=holder)
    send(split.yields, "redeemPY", holder, sender=holder)
    return held(split.adapter, holder) - before


def collect_yield(split: Split, holder: str) -> int:
    """Collect what the yield tokens have earned, in shares."""
    before = held(split.adapter, holder)
    send(split.yields, "redeemDueInterestAndRewards", holder, True, False, sender=holder)
    return held(split.adapter, holder) - before


def test_the_pair_is_of_the_adapter_and_named_after_it(split: Split) -> None:
    assert split.principal.function("SY")() == split.adapter.address
    assert split.yields.function("SY")() == split.adapter.address
    assert split.principal.function("name")().startswith("PT Wrapped Keel Ether ")
    assert split.yields.function("symbol")().startswith("YT-wkETH-")
    tokens = (split.adapter, split.principal, split.yields)
    assert split.market.function("readTokens")() == tuple(each.address for each in tokens)


def test_principal_pays_its_face_and_yield_the_rest_of_what_was_split(
    keel: Keel, split: Split, holder: str
) -> None:
    """SYA-4: both together are the shares that went in, but for three units of rounding."""
    shares = held(split.adapter, holder)
    face = split_all(split, holder)
    rate = split.adapter.function("exchangeRate")()
    jump(split.market.rpc, keel.profile.frame_seconds // 3)
    early = collect_yield(split, holder)
    jump_to(split.market.rpc, split.market.function("expiry")())
    later = collect_yield(split, holder)
    paid = redeem_principal(split, holder)
    grown = split.adapter.function("exchangeRate")()
    assert grown > rate
    assert early > 0
    assert later > 0
    assert 0 <= shares - (early + later + paid) <= 3
    assert abs(paid * grown // ETHER - face) <= 2


def test_nothing_is_redeemed_for_principal_alone_before_maturity(split: Split, holder: str) -> None:
    face = split_all(split, holder)
    send(split.principal, "transfer", split.yields.address, face, sender=holder)
    before = held(split.adapter, holder)
    send(split.yields, "redeemPY", holder, sender=holder)
    assert held(split.adapter, holder) == before
    send(split.yields, "transfer", split.yields.address, face, sender=holder)
    send(split.yields, "redeemPY", holder, sender=holder)
    assert held(split.adapter, holder) > before


def test_what_principal_paid_is_wrapped_ether(keel: Keel, split: Split, holder: str) -> None:
    """SYA-3."""
    split_all(split, holder)
    jump_to(split.market.rpc, split.market.function("expiry")())
    paid = redeem_principal(split, holder)
    wrapped = keel.quick.wrapped
    before = wrapped.balanceOf(holder)
    out = (holder, paid, wrapped.address, paid, False)
    send(split.adapter, "redeem", *out, sender=holder)
    assert wrapped.balanceOf(holder) == before + paid


def test_a_loss_is_borne_by_principal_until_the_rate_is_back(
    keel: Keel, split: Split, holder: str
) -> None:
    """SYA-4: Pendle's index does not fall, so no yield accrues meanwhile."""
    jump(split.market.rpc, keel.profile.frame_seconds // 2)
    face = split_all(split, holder)
    index = split.yields.function("pyIndexStored")()
    change(keel, -8 * ETHER)
    assert split.adapter.function("exchangeRate")() < index
    assert collect_yield(split, holder) == 0
    assert split.yields.function("pyIndexStored")() == index
    jump_to(split.market.rpc, split.market.function("expiry")())
    rate = split.adapter.function("exchangeRate")()
    assert rate < index
    paid = redeem_principal(split, holder)
    assert paid == face * ETHER // index
    assert paid * rate // ETHER < face


class TestMarket:
    def test_has_an_implied_rate_from_the_beginning(self, split: Split) -> None:
        """One per cent for the time to maturity, at even reserves."""
        state = split.market.function("readState")(split.market.address)
        left = split.market.function("expiry")() - split.market.function("observations")(0)[0]
        expected = math.log(1.01) * YEAR_SECONDS / left
        assert ln_implied_rate(split.market) / ETHER == pytest.approx(expected, rel=1e-3)
        assert state.lastLnImpliedRate == ln_implied_rate(split.market)

    def test_sells_principal_below_its_face_and_shows_a_lower_rate_then(
        self, split: Split, holder: str
    ) -> None:
        before = ln_implied_rate(split.market)
        bought = 2 * ETHER
        rate = split.adapter.function("exchangeRate")()
        send(split.adapter, "transfer", split.market.address, 3 * ETHER, sender=holder)
        paid, fee = split.market.function("swapSyForExactPt")(holder, bought, b"", sender=holder)
        send(split.market, "swapSyForExactPt", holder, bought, b"", sender=holder)
        assert held(split.principal, holder) == bought
        assert 0 < fee < paid
        assert paid * rate // ETHER < bought
        assert ln_implied_rate(split.market) < before

    def test_gives_nothing_for_shares_that_did_not_come(self, split: Split, holder: str) -> None:
        reserve = held(split.adapter, split.market.address)
        with pytest.raises(Reverted) as refused:
            send(split.market, "swapSyForExactPt", holder, ETHER, b"", sender=holder)
        assert isinstance(refused.value.cause, CustomError)
        assert refused.value.cause.name == "MarketInsufficientSyReceived"
        assert held(split.adapter, split.market.address) == reserve
