"""The ticket as a token and as a sight: ERC-721, ERC-4906, ERC-165, views, tokenURI."""

import base64
import json
from typing import Any
from xml.etree import ElementTree

import pytest

from keel.chain.clock import jump, set_next_timestamp
from keel.deploy.contracts import WithdrawalQueue
from keel.model.constants import ETHER, FIRST_DEPOSIT_WEI, RAY
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import next_reference_slot, report
from tests.unit.contracts.tickets import DEPOSIT_WEI, Tickets
from tests.unit.contracts.vaults import TOP_UP_WEI, stake

NOBODY = "0x" + "0" * 40
SVG = "{http://www.w3.org/2000/svg}"
NONE, PENDING, FINALISED, CLAIMED = range(4)


@pytest.fixture
def tickets(keel: Keel) -> Tickets:
    return Tickets.of_depositor(keel)


class TestToken:
    def test_has_its_name(self, keel: Keel) -> None:
        assert keel.quick.queue.name() == "Keel Withdrawal Ticket"
        assert keel.quick.queue.symbol() == "KWT"

    @pytest.mark.parametrize(
        ("interface", "supported"),
        [
            ("01ffc9a7", True),  # ERC-165
            ("80ac58cd", True),  # ERC-721
            ("5b5e139f", True),  # ERC-721 metadata
            ("49064906", True),  # ERC-4906
            ("780e9d63", False),  # ERC-721 enumerable
            ("00000000", False),
            ("ffffffff", False),
        ],
    )
    def test_says_which_interfaces_it_has(
        self, keel: Keel, interface: str, supported: bool
    ) -> None:
        answer = keel.quick.queue.supportsInterface(bytes.fromhex(interface))
        assert answer is supported

    def test_is_moved_by_its_owner_and_by_the_approved(self, tickets: Tickets) -> None:
        queue, actors = tickets.queue, tickets.keel.actors
        holder, redeemer = actors.holder.address, actors.redeemer.address
        tickets.request_all([ETHER, ETHER])
        queue.approve.send(holder, 1, sender=tickets.depositor)
        queue.transferFrom.send(tickets.depositor, redeemer, 1, sender=holder)
        queue.setApprovalForAll.send(holder, True, sender=tickets.depositor)
        queue.transferFrom.send(tickets.depositor, redeemer, 2, sender=holder)
        assert [queue.ownerOf(1), queue.ownerOf(2)] == [redeemer] * 2
        assert (queue.balanceOf(tickets.depositor), queue.balanceOf(redeemer)) == (
            0,
            2,
        )
        assert queue.getApproved(1) == NOBODY

    def test_is_moved_by_nobody_else(self, tickets: Tickets) -> None:
        attacker = tickets.keel.actors.attacker.address
        tickets.request(ETHER)
        with fails("ERC721InsufficientApproval", operator=attacker, tokenId=1):
            tickets.queue.transferFrom.send(tickets.depositor, attacker, 1, sender=attacker)
        with fails("ERC721InvalidApprover", approver=attacker):
            tickets.queue.approve.send(attacker, 1, sender=attacker)

    def test_is_sent_safely_only_to_what_knows_tickets(self, tickets: Tickets) -> None:
        wrapped, holder = tickets.keel.quick.wrapped.address, tickets.keel.actors.holder.address
        tickets.request(ETHER)
        arguments = (tickets.depositor, wrapped, 1)
        with fails("ERC721InvalidReceiver", receiver=wrapped):
            tickets.queue.safeTransferFrom.send(*arguments, sender=tickets.depositor)
        arguments = (tickets.depositor, holder, 1)
        tickets.queue.safeTransferFrom.send(*arguments, sender=tickets.depositor)
        assert tickets.queue.ownerOf(1) == holder

    @pytest.mark.parametrize("function", ["ownerOf", "tokenURI", "getApproved"])
    def test_is_none_before_its_request_and_after_its_claim(
        self, tickets: Tickets, function: str
    ) -> None:
        with fails("ERC721NonexistentToken", tokenId=1):
            tickets.queue.function(function)(1)
        tickets.request(ETHER)
        tickets.queue.function(function)(1)
        tickets.settle(1)
        tickets.claim(1)
        with fails("ERC721NonexistentToken", tokenId=1):
            tickets.queue.function(function)(1)


class TestViews:
    def test_tell_a_ticket_through_its_life(self, tickets: Tickets) -> None:
        queue, holder = tickets.queue, tickets.keel.actors.holder.address
        assert queue.ticket(1) == (NOBODY, NONE, 0, 0, 0, 0)
        tickets.request(3 * ETHER, holder)
        requested_at = tickets.model.tickets[0].requested_at
        pending = queue.ticket(1)
        assert pending[:5] == (holder, PENDING, 3 * ETHER, 3 * ETHER, requested_at)
        receipt = tickets.settle(1, RAY // 3)
        worth_wei = tickets.worth_wei(1)
        finalised = queue.ticket(1)
        assert finalised[:5] == (holder, FINALISED, 3 * ETHER, worth_wei, requested_at)
        assert finalised.likelyPaidAt >= receipt.timestamp
        tickets.claim(1)
        claimed = (NOBODY, CLAIMED, 3 * ETHER, worth_wei, requested_at, 0)
        assert queue.ticket(1) == claimed

    def test_answer_for_every_id(self, tickets: Tickets) -> None:
        queue = tickets.queue
        tickets.request_all([ETHER] * 3)
        tickets.settle(2)
        tickets.claim(1)
        ids = [0, 1, 2, 3, 4, 2**32, 2**32 + 2, 2**256 - 1]
        states = [NONE, CLAIMED, FINALISED, PENDING, NONE, NONE, NONE, NONE]
        assert [found.state for found in queue.tickets(ids)] == states
        assert queue.claimableWei(ids) == (0, 0, ETHER, 0, 0, 0, 0, 0)
        assert queue.tickets([]) == ()

    def test_answer_after_a_total_loss(self, tickets: Tickets) -> None:
        tickets.request_all([ETHER, ETHER])
        tickets.settle(1, 0)
        assert [found.worthWei for found in tickets.queue.tickets([1, 2])] == [0, 0]
        assert tickets.queue.claimableWei([1, 2]) == (0, 0)
        assert tickets.queue.owedWei() == 0
        assert tickets.queue.finalisable(2, 2**256 - 1, 0, 0) == (2, 0)


class TestLikelyPaidAt:
    def test_is_the_next_reference_slot_while_ether_is_there(self, tickets: Tickets) -> None:
        report(tickets.keel)
        tickets.request(ETHER)
        assert likely_paid_at(tickets) == next_slot(tickets)

    def test_is_now_while_the_report_that_pays_is_due(self, tickets: Tickets) -> None:
        report(tickets.keel)
        tickets.request(ETHER)
        due = next_reference_slot(tickets.keel)
        jump(tickets.keel.rpc, 30)
        assert likely_paid_at(tickets) == due + 30

    def test_is_a_slot_later_when_the_ticket_is_too_young_for_that_report(
        self, tickets: Tickets
    ) -> None:
        report(tickets.keel)
        next_reference_slot(tickets.keel)
        slot = tickets.keel.quick.vault.newestRefTime()
        set_next_timestamp(tickets.keel.rpc, slot + 1)
        tickets.request(ETHER)
        assert likely_paid_at(tickets) == next_slot(tickets)

    def test_is_now_for_a_ticket_of_the_very_second_of_the_slot(self, tickets: Tickets) -> None:
        report(tickets.keel)
        slot = next_slot(tickets)
        set_next_timestamp(tickets.keel.rpc, slot)
        tickets.request(ETHER)
        assert likely_paid_at(tickets) == slot

    def test_waits_for_exits_where_the_queue_is_longer_than_the_ether(
        self, tickets: Tickets
    ) -> None:
        keel = tickets.keel
        stake(keel, 30)
        report(keel)
        tickets.request_all([1_000 * ETHER] * 4)
        left_wei = DEPOSIT_WEI + FIRST_DEPOSIT_WEI - 30 * TOP_UP_WEI
        assert keel.quick.vault.bufferedWei() == left_wei
        tickets.request(left_wei - 4_000 * ETHER)  # all of the ether
        assert keel.quick.queue.owedWei() == left_wei
        assert likely_paid_at(tickets) == next_slot(tickets)
        tickets.request(keel.profile.min_ticket_wei)
        assert likely_paid_at(tickets) == next_slot(tickets) + keel.profile.exit_seconds


class TestTokenUri:
    @pytest.mark.parametrize(
        ("amount_wei", "text"),
        [
            (10**15, "0.001"),
            (10**15 + 1, "0.001000000000000001"),
            (ETHER, "1"),
            (3 * ETHER // 2, "1.5"),
            (32 * ETHER + 10**17 + 5, "32.100000000000000005"),
            (1_000 * ETHER, "1000"),
        ],
    )
    def test_shows_the_amount_with_all_its_digits(
        self, tickets: Tickets, amount_wei: int, text: str
    ) -> None:
        tickets.request(amount_wei)
        metadata = metadata_of(tickets.queue, 1)
        assert metadata["name"] == "Keel Withdrawal Ticket #1"
        assert metadata["attributes"] == [
            {"trait_type": "State", "value": "Pending"},
            {"trait_type": "Amount (ETH)", "value": text},
            {"trait_type": "Worth (ETH)", "value": text},
            {
                "display_type": "date",
                "trait_type": "Requested",
                "value": tickets.model.tickets[0].requested_at,
            },
        ]
        assert drawn(metadata) == ["Keel Withdrawal Ticket #1", f"{text} ETH", "Pending"]

    def test_shows_what_a_loss_left(self, tickets: Tickets) -> None:
        tickets.request(3 * ETHER)
        tickets.settle(0, RAY // 2)
        metadata = metadata_of(tickets.queue, 1)
        assert [a["value"] for a in metadata["attributes"]][:3] == ["Pending", "3", "1.5"]
        assert drawn(metadata)[2] == "worth 1.5 ETH after losses"

    def test_shows_when_it_can_be_claimed(self, tickets: Tickets) -> None:
        tickets.request(ETHER)
        pending = metadata_of(tickets.queue, 1)
        tickets.settle(1)
        finalised = metadata_of(tickets.queue, 1)
        assert finalised["attributes"][0]["value"] == "Claimable"
        assert drawn(finalised)[-1] == "Claimable"
        assert colours(pending) != colours(finalised)


def likely_paid_at(tickets: Tickets) -> int:
    """The estimate for the last ticket."""
    return int(tickets.queue.ticket(len(tickets.model.tickets)).likelyPaidAt)


def next_slot(tickets: Tickets) -> int:
    """Time of the reference slot that comes next."""
    newest = tickets.keel.quick.vault.newestRefTime()
    return int(newest) + tickets.keel.profile.frame_seconds


def metadata_of(queue: WithdrawalQueue, ticket_id: int) -> dict[str, Any]:
    """The JSON behind tokenURI."""
    return dict(json.loads(decoded(queue.tokenURI(ticket_id), "application/json")))


def picture(metadata: dict[str, Any]) -> ElementTree.Element:
    """The SVG of the metadata, parsed."""
    return ElementTree.fromstring(decoded(metadata["image"], "image/svg+xml"))  # noqa: S314 (ours)


def drawn(metadata: dict[str, Any]) -> list[str | None]:
    """Texts of the picture from top to bottom."""
    texts = picture(metadata).findall(f"{SVG}text")
    return [text.text for text in sorted(texts, key=lambda text: int(text.attrib["y"]))]


def colours(metadata: dict[str, Any]) -> list[str]:
    """Fills of the picture's areas."""
    return [area.attrib["fill"] for area in picture(metadata).findall(f"{SVG}rect")]


def decoded(uri: str, media_type: str) -> bytes:
    """The content of a data: URI of that type."""
    head, _, content = uri.partition(",")
    assert head == f"data:{media_type};base64"
    return base64.b64decode(content, validate=True)
