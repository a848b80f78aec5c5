"""Ether comes in; kETH and wkETH change hands and form."""

from hypothesis.stateful import rule

from keel.model import protocol as rules
from keel.model.protocol import Protocol
from tests.stateful.drawing import Part, actors, parts, receivers
from tests.stateful.machine import Machine
from tests.stateful.pair import FOREVER

ETHER_KEPT = 10**19
"""What an actor keeps for gas."""


class TokenRules(Machine):
    def affordable_wei(self, who: str, part: Part) -> int:
        """A part of what may be deposited now, as far as the actor can pay it."""
        most = rules.depositable_wei(self.pair.model, self.pair.now)
        return min(part.of(most), self.pair.ether[who] - ETHER_KEPT)

    @rule(who=actors, receiver=receivers, part=parts)
    def deposit(self, who: str, receiver: str, part: Part) -> None:
        pair, wei = self.pair, self.affordable_wei(who, part)
        address = pair.addresses[receiver]
        pair.send(
            pair.keel.quick.vault,
            "deposit",
            address,
            address,
            sender=who,
            value_wei=wei,
            involved=[receiver],
            then=lambda: rules.deposit(pair.model, pair.now, receiver, wei)[0],
        )

    @rule(who=actors, receiver=receivers, part=parts)
    def deposit_wrapped(self, who: str, receiver: str, part: Part) -> None:
        pair, wei = self.pair, self.affordable_wei(who, part)
        address = pair.addresses[receiver]
        pair.send(
            pair.keel.quick.vault,
            "depositWrapped",
            address,
            address,
            sender=who,
            value_wei=wei,
            involved=[receiver],
            then=lambda: rules.deposit_wrapped(pair.model, pair.now, receiver, wei)[0],
        )

    @rule(who=actors, part=parts)
    def send_plain_ether(self, who: str, part: Part) -> None:
        pair, wei = self.pair, self.affordable_wei(who, part)
        pair.send(
            pair.keel.quick.vault,
            "",
            sender=who,
            value_wei=wei,
            then=lambda: rules.deposit(pair.model, pair.now, who, wei)[0],
        )

    @rule(who=actors, receiver=receivers, part=parts)
    def transfer(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        wei = part.of(pair.model.balance_wei(who, pair.now))
        pair.send(
            pair.keel.quick.vault,
            "transfer",
            pair.addresses[receiver],
            wei,
            sender=who,
            involved=[receiver],
            then=lambda: rules.transfer(pair.model, pair.now, who, receiver, wei)[0],
        )

    @rule(who=actors, receiver=receivers, part=parts)
    def transfer_shares(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        shares = part.of(pair.model.shares_of.get(who, 0))
        pair.send(
            pair.keel.quick.vault,
            "transferShares",
            pair.addresses[receiver],
            shares,
            sender=who,
            involved=[receiver],
            then=lambda: rules.transfer_shares(pair.model, pair.now, who, receiver, shares)[0],
        )

    @rule(owner=actors, spender=actors, part=parts)
    def approve(self, owner: str, spender: str, part: Part) -> None:
        pair = self.pair
        wei = FOREVER if part.permille > 999 else part.of(pair.model.balance_wei(owner, pair.now))
        pair.approve("keth", owner, spender, wei)

    @rule(spender=actors, owner=actors, receiver=receivers, part=parts)
    def transfer_from(self, spender: str, owner: str, receiver: str, part: Part) -> None:
        pair = self.pair
        wei = part.of(min(pair.allowance("keth", owner, spender), self.balance_wei(owner)))

        def then() -> Protocol:
            pair.check_allowance("keth", owner, spender, wei)
            return rules.transfer(pair.model, pair.now, owner, receiver, wei)[0]

        receipt = pair.send(
            pair.keel.quick.vault,
            "transferFrom",
            pair.addresses[owner],
            pair.addresses[receiver],
            wei,
            sender=spender,
            involved=[owner, receiver],
            then=then,
        )
        if receipt.succeeded:
            pair.spend("keth", owner, spender, wei)

    @rule(spender=actors, owner=actors, receiver=receivers, part=parts)
    def transfer_shares_from(self, spender: str, owner: str, receiver: str, part: Part) -> None:
        pair = self.pair
        allowed_wei = min(pair.allowance("keth", owner, spender), self.balance_wei(owner))
        shares = part.of(pair.model.accounts.to_shares_down(allowed_wei, pair.now))
        spent_wei = pair.model.accounts.to_assets_up(shares, pair.now)

        def then() -> Protocol:
            pair.check_allowance("keth", owner, spender, spent_wei)
            return rules.transfer_shares(pair.model, pair.now, owner, receiver, shares)[0]

        receipt = pair.send(
            pair.keel.quick.vault,
            "transferSharesFrom",
            pair.addresses[owner],
            pair.addresses[receiver],
            shares,
            sender=spender,
            involved=[owner, receiver],
            then=then,
        )
        if receipt.succeeded:
            pair.spend("keth", owner, spender, spent_wei)

    @rule(who=actors, receiver=receivers, part=parts)
    def wrap(self, who: str, receiver: str, part: Part) -> None:
        pair, wei = self.pair, part.of(self.balance_wei(who))
        pair.send(
            pair.keel.quick.wrapped,
            "deposit",
            wei,
            pair.addresses[receiver],
            sender=who,
            involved=[receiver],
            then=lambda: rules.wrap(pair.model, pair.now, who, receiver, wei)[0],
        )

    @rule(who=actors, receiver=receivers, part=parts)
    def wrap_units(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        units = part.of(pair.model.shares_of.get(who, 0) // 10**9)
        pair.send(
            pair.keel.quick.wrapped,
            "mint",
            units,
            pair.addresses[receiver],
            sender=who,
            involved=[receiver],
            then=lambda: rules.wrap_units(pair.model, pair.now, who, receiver, units)[0],
        )

    @rule(who=actors, receiver=receivers, part=parts)
    def unwrap(self, who: str, receiver: str, part: Part) -> None:
        self.unwrap_for(who, who, receiver, part)

    @rule(spender=actors, owner=actors, receiver=receivers, part=parts)
    def unwrap_for(self, spender: str, owner: str, receiver: str, part: Part) -> None:
        pair = self.pair
        units = part.of(pair.model.units_of.get(owner, 0))

        def then() -> Protocol:
            if spender != owner:
                pair.check_allowance("wketh", owner, spender, units)
            return rules.unwrap(pair.model, pair.now, owner, receiver, units)[0]

        receipt = pair.send(
            pair.keel.quick.wrapped,
            "redeem",
            units,
            pair.addresses[receiver],
            pair.addresses[owner],
            sender=spender,
            involved=[owner, receiver],
            then=then,
        )
        if receipt.succeeded and spender != owner:
            pair.spend("wketh", owner, spender, units)

    @rule(who=actors, receiver=receivers, part=parts)
    def unwrap_assets(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        held = pair.model.units_of.get(who, 0) * 10**9
        wei = part.of(pair.model.accounts.to_assets_down(held, pair.now))
        pair.send(
            pair.keel.quick.wrapped,
            "withdraw",
            wei,
            pair.addresses[receiver],
            pair.addresses[who],
            sender=who,
            involved=[receiver],
            then=lambda: rules.unwrap_assets(pair.model, pair.now, who, receiver, wei)[0],
        )

    @rule(owner=actors, spender=actors, part=parts)
    def approve_wrapped(self, owner: str, spender: str, part: Part) -> None:
        units = part.of(self.pair.model.units_of.get(owner, 0))
        self.pair.approve("wketh", owner, spender, units)

    @rule(who=actors, receiver=receivers, part=parts)
    def transfer_wrapped(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        units = part.of(pair.model.units_of.get(who, 0))
        pair.send(
            pair.keel.quick.wrapped,
            "transfer",
            pair.addresses[receiver],
            units,
            sender=who,
            involved=[receiver],
            then=lambda: rules.transfer_wrapped(pair.model, who, receiver, units),
        )
