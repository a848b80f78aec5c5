"""What is prepared does what it says; what cannot be done is refused with value and bound."""

import pytest
from pydantic import ValidationError

from keel.chain.clock import jump
from keel.chain.transaction import await_receipt
from keel.dashboard.actions import Prepared, RefusedError, Wish, prepare, send_local
from keel.model.constants import ETHER
from tests.deployment import Keel


def wish(keel: Keel, kind: str, amount: str = "", *tickets: int, who: str = "depositor") -> Wish:
    account = keel.actors[who].address
    return Wish.model_validate(
        {"account": account, "kind": kind, "amount": amount, "tickets": list(tickets)}
    )


def done(keel: Keel, kind: str, amount: str = "", *tickets: int) -> Prepared:
    prepared = prepare(keel.quick, wish(keel, kind, amount, *tickets))
    receipt = await_receipt(keel.rpc, send_local(keel.rpc, prepared))
    assert receipt.succeeded
    return prepared


def held(keel: Keel) -> tuple[int, int]:
    who = keel.actors.depositor.address
    c = keel.quick
    return c.vault.balanceOf(who), c.wrapped.balanceOf(who)


def test_ether_goes_through_every_form_and_says_so(keel: Keel) -> None:
    assert done(keel, "deposit", "10").summary == "10 ETH for 10 kETH"
    assert held(keel) == (10 * ETHER, 0)
    assert done(keel, "wrap", "4").summary == "4 kETH into 4 wkETH"
    assert held(keel) == (6 * ETHER, 4 * ETHER)
    assert done(keel, "unwrap", "1.5").summary == "1.5 wkETH into 1.5 kETH"
    assert held(keel) == (75 * ETHER // 10, 25 * ETHER // 10)
    assert done(keel, "request", "2").summary.startswith("2 kETH for ticket 1")
    assert held(keel) == (55 * ETHER // 10, 25 * ETHER // 10)


def test_instant_redemption_pays_what_it_said(keel: Keel) -> None:
    done(keel, "deposit", "10")
    prepared = prepare(keel.quick, wish(keel, "redeem", "1"))
    paid_wei, fee_wei = keel.quick.instant.previewRedeem(ETHER * 10**9)
    assert f"a fee of 0.{fee_wei:018d}".rstrip("0") in prepared.summary
    least = prepared.data[-64:]
    assert int(least, 16) == paid_wei


@pytest.mark.parametrize(
    ("kind", "amount", "reason"),
    [
        ("deposit", "", "'' is not an amount such as 1.5"),
        ("deposit", "1,5", "'1,5' is not an amount such as 1.5"),
        ("deposit", "0", "0 is not above 0"),
        ("deposit", "0.0000000000000000001", "has more than 18 decimals"),
        ("deposit", "1000000", "more than 1000000 ETH is needed, for gas too"),
        ("wrap", "5.000000000000000001", "5.000000000000000001 kETH is more than the account"),
        ("unwrap", "1", "1 wkETH is more than the account has: 0 wkETH"),
        (
            "request",
            "0.0009",
            "AmountOutOfBounds (amount 0.0009 ETH, min 0.001 ETH, max 1000 ETH)",
        ),
        ("claim", "", "no ticket is named"),
    ],
)
def test_a_refusal_says_what_is_wrong(keel: Keel, kind: str, amount: str, reason: str) -> None:
    done(keel, "deposit", "5")
    with pytest.raises(RefusedError) as refused:
        prepare(keel.quick, wish(keel, kind, amount))
    assert reason in str(refused.value)


def test_a_ticket_that_waits_or_does_not_exist_is_not_claimed(keel: Keel) -> None:
    done(keel, "deposit", "5")
    done(keel, "request", "1")
    for ticket, reason in (
        (1, "NotFinalised (ticket id 1, last finalised 0)"),
        (2, "NoSuchTicket (ticket id 2)"),
    ):
        with pytest.raises(RefusedError) as refused:
            prepare(keel.quick, wish(keel, "claim", "", ticket))
        assert reason in str(refused.value)


def test_tickets_of_which_none_can_be_claimed_cost_no_transaction(keel: Keel) -> None:
    done(keel, "deposit", "10")
    done(keel, "request", "2")
    with pytest.raises(RefusedError, match="none of these 2 tickets can be claimed now"):
        prepare(keel.quick, wish(keel, "claim", "", 1, 2))


@pytest.mark.parametrize("number", [0, 2**256])
def test_a_ticket_has_a_number_that_a_contract_takes(keel: Keel, number: int) -> None:
    with pytest.raises(ValidationError, match=r"tickets\.0"):
        wish(keel, "claim", "", number)
    with pytest.raises(RefusedError, match="NoSuchTicket"):
        prepare(keel.quick, wish(keel, "claim", "", 2**256 - 1))


def test_a_closed_door_names_the_state(keel: Keel) -> None:
    jump(keel.rpc, 3 * keel.profile.frame_seconds)
    with pytest.raises(RefusedError) as refused:
        prepare(keel.quick, wish(keel, "deposit", "1"))
    assert str(refused.value) == "deposit is refused: ActionClosed (action deposit, state stale)"


def test_an_account_must_be_an_address() -> None:
    with pytest.raises(ValidationError, match="is not an address"):
        Wish.model_validate({"account": "depositor", "kind": "deposit", "amount": "1"})
