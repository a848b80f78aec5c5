"""Underwriters enter the insurance fund, cool down, and leave it."""

from hypothesis.stateful import rule

from keel.model import protocol as rules
from keel.model.insurance import to_fund_units_down
from keel.model.protocol import FUND
from tests.stateful.drawing import Part, actors, owners, parts
from tests.stateful.machine import Machine
from tests.stateful.reading import ACTORS


class FundRules(Machine):
    @rule(who=actors, receiver=actors, part=parts)
    def underwrite(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        units = part.of(pair.model.units_of.get(who, 0))
        pair.send(
            pair.keel.quick.fund,
            "deposit",
            units,
            pair.addresses[receiver],
            sender=who,
            involved=[receiver],
            then=lambda: rules.underwrite(pair.model, who, receiver, units)[0],
        )

    @rule(who=actors, receiver=actors, part=parts)
    def underwrite_shares(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        shares = part.of(pair.model.units_of.get(who, 0) * 10**6)
        pair.send(
            pair.keel.quick.fund,
            "mint",
            shares,
            pair.addresses[receiver],
            sender=who,
            involved=[receiver],
            then=lambda: rules.underwrite_shares(pair.model, who, receiver, shares)[0],
        )

    @rule(who=actors, part=parts)
    def donate_to_fund(self, who: str, part: Part) -> None:
        """Cover that nobody gets shares for; underwriters gain."""
        pair = self.pair
        units = part.of(pair.model.units_of.get(who, 0))
        pair.send(
            pair.keel.quick.wrapped,
            "transfer",
            pair.addresses[FUND],
            units,
            sender=who,
            involved=ACTORS,
            then=lambda: rules.transfer_wrapped(pair.model, who, FUND, units),
        )

    @rule(who=actors, part=parts)
    def start_cooldown(self, who: str, part: Part) -> None:
        pair = self.pair
        shares = part.of(pair.model.fund.shares_of.get(who, 0))
        pair.send(
            pair.keel.quick.fund,
            "startCooldown",
            shares,
            sender=who,
            then=lambda: rules.start_cooldown(pair.model, pair.now, who, shares),
        )

    @rule(who=actors)
    def cancel_cooldown(self, who: str) -> None:
        pair = self.pair
        pair.send(
            pair.keel.quick.fund,
            "cancelCooldown",
            sender=who,
            then=lambda: rules.cancel_cooldown(pair.model, pair.now, who),
        )

    @rule(who=actors, receiver=actors, part=parts)
    def transfer_cover(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        shares = part.of(pair.model.fund.shares_of.get(who, 0))
        pair.send(
            pair.keel.quick.fund,
            "transfer",
            pair.addresses[receiver],
            shares,
            sender=who,
            involved=[receiver],
            then=lambda: rules.transfer_underwriting(pair.model, pair.now, who, receiver, shares),
        )

    @rule(who=actors, receiver=owners, part=parts)
    def leave(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        cooldown = pair.model.fund.cooldowns.get(who)
        shares = part.of(cooldown.shares if cooldown else 0)
        pair.send(
            pair.keel.quick.fund,
            "redeem",
            shares,
            pair.addresses[receiver],
            pair.addresses[who],
            sender=who,
            involved=[receiver],
            then=lambda: rules.leave(pair.model, pair.now, who, receiver, shares)[0],
        )

    @rule(who=actors, receiver=actors, part=parts)
    def leave_with(self, who: str, receiver: str, part: Part) -> None:
        pair = self.pair
        cooldown = pair.model.fund.cooldowns.get(who)
        fund, held = pair.model.fund, pair.model.fund_units
        units = part.of(to_fund_units_down(cooldown.shares if cooldown else 0, fund.supply, held))
        pair.send(
            pair.keel.quick.fund,
            "withdraw",
            units,
            pair.addresses[receiver],
            pair.addresses[who],
            sender=who,
            involved=[receiver],
            then=lambda: rules.leave_with(pair.model, pair.now, who, receiver, units)[0],
        )

    @rule(who=actors)
    def wait_for_window(self, who: str) -> None:
        """To the first second in which somebody may leave, or the last."""
        cooldown = self.pair.model.fund.cooldowns.get(who)
        if cooldown is None:
            return
        if self.pair.now < cooldown.window_start:
            self.pair.jump_to(cooldown.window_start)
        elif self.pair.now < cooldown.window_end:
            self.pair.jump_to(cooldown.window_end - 1)
