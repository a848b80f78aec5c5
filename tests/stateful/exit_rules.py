"""Ether goes out: tickets, and instant redemption."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import rule

from keel.model import protocol as rules
from keel.model.errors import Refused
from keel.model.protocol import ZERO_ADDRESS, Protocol
from tests.stateful.drawing import Part, actors, numbers, owners, parts
from tests.stateful.machine import Machine
from tests.stateful.reading import ACTORS
from tests.stateful.refusals import (
    CountOutOfBounds,
    ERC721InsufficientApproval,
    ERC721InvalidReceiver,
    ERC721NonexistentToken,
)

MAX_COUNT = 100


class ExitRules(Machine):
    def ticket_wei(self, who: str, part: Part) -> int:
        """A part of what may stand on one ticket, or of what there is."""
        return part.of(min(self.balance_wei(who), self.pair.model.parameters.max_ticket_wei))

    def requested(self, world: Protocol, who: str, owner: str, *amounts_wei: int) -> Protocol:
        after, _ = rules.request(world, self.pair.now, who, owner, *amounts_wei)
        if owner == ZERO_ADDRESS:
            raise ERC721InvalidReceiver(owner)
        return after

    @rule(who=actors, owner=owners, part=parts)
    def request(self, who: str, owner: str, part: Part) -> None:
        pair, wei = self.pair, self.ticket_wei(who, part)
        pair.send(
            pair.keel.quick.queue,
            "request",
            wei,
            pair.addresses[owner],
            sender=who,
            involved=[owner],
            then=lambda: self.requested(pair.model, who, owner, wei),
        )

    @rule(who=actors, owner=actors, several=st.lists(parts, max_size=4))
    def request_many(self, who: str, owner: str, several: list[Part]) -> None:
        pair = self.pair
        amounts_wei = [self.ticket_wei(who, part) for part in several]

        def then() -> Protocol:
            if not amounts_wei:
                raise CountOutOfBounds(0, 1, MAX_COUNT)
            return self.requested(pair.model, who, owner, *amounts_wei)

        pair.send(
            pair.keel.quick.queue,
            "requestMany",
            amounts_wei,
            pair.addresses[owner],
            sender=who,
            involved=[owner],
            then=then,
        )

    def ticket(self, number: int) -> int:
        """A ticket that there is, or the id before the first or after the last."""
        return number % (len(self.pair.model.queue.tickets) + 2)

    @rule(caller=actors, number=numbers)
    def claim(self, caller: str, number: int) -> None:
        pair, number = self.pair, self.ticket(number)
        paid: dict[str, int] = {}
        pair.send(
            pair.keel.quick.queue,
            "claim",
            number,
            sender=caller,
            involved=[pair.model.ticket_owners.get(number, "")],
            pays=paid,
            then=lambda: self.claimed(pair.model, number, paid),
        )

    @rule(caller=actors, several=st.lists(numbers, max_size=8))
    def claim_many(self, caller: str, several: list[int]) -> None:
        """Those that cannot be paid are skipped."""
        pair, several = self.pair, [self.ticket(number) for number in several]
        paid: dict[str, int] = {}

        def then() -> Protocol:
            if not several:
                raise CountOutOfBounds(0, 1, MAX_COUNT)
            world = pair.model
            for number in several:
                try:
                    world = self.claimed(world, number, paid)
                except Refused:
                    continue
            return world

        pair.send(pair.keel.quick.queue, "claimMany", several, sender=caller, pays=paid, then=then)

    def claimed(self, world: Protocol, number: int, paid: dict[str, int]) -> Protocol:
        owner = world.ticket_owners.get(number, "")
        after, wei = rules.claim(world, number)
        paid[owner] = paid.get(owner, 0) + wei
        return after

    @rule(thief=st.none() | actors, receiver=owners, number=numbers)
    def sell_ticket(self, thief: str | None, receiver: str, number: int) -> None:
        pair, number = self.pair, self.ticket(number)
        who = thief or pair.model.ticket_owners.get(number, "attacker")

        def then() -> Protocol:
            if receiver == ZERO_ADDRESS:
                raise ERC721InvalidReceiver(receiver)
            owner = pair.model.ticket_owners.get(number)
            if owner is None:
                raise ERC721NonexistentToken(number)
            if owner != who:
                raise ERC721InsufficientApproval(who, number)
            return replace(pair.model, ticket_owners={**pair.model.ticket_owners, number: receiver})

        pair.send(
            pair.keel.quick.queue,
            "transferFrom",
            pair.addresses[who],
            pair.addresses[receiver],
            number,
            sender=who,
            involved=[receiver],
            then=then,
        )

    @rule(who=actors, receiver=actors, part=parts, least=parts)
    def redeem_instantly(self, who: str, receiver: str, part: Part, least: Part) -> None:
        """The fee is the underwriters' gain, so everybody counts as a party."""
        pair = self.pair
        free = pair.model.accounts.to_shares_down(pair.model.free_wei, pair.now)
        shares = part.of(min(pair.model.shares_of.get(who, 0), free))
        worth_wei = pair.model.accounts.to_assets_down(shares, pair.now)
        min_out_wei = least.of(worth_wei) if least.permille < 333 else 0
        paid: dict[str, int] = {}

        def then() -> Protocol:
            after, redemption = rules.redeem_instant(pair.model, pair.now, who, shares, min_out_wei)
            paid[receiver] = redemption.paid_wei
            return after

        pair.send(
            pair.keel.quick.instant,
            "redeem",
            shares,
            pair.addresses[receiver],
            min_out_wei,
            sender=who,
            involved=ACTORS,
            pays=paid,
            then=then,
        )
