"""rkETH and a real vault of Symbiotic against their models, to the unit, over any history (RST)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.abi import CustomError
from keel.chain.clock import now, reverting
from keel.chain.revert import Reverted
from keel.market.system import Site
from keel.model.constants import ETHER
from keel.model.errors import Refused
from keel.model.market import restaked_ether as token
from keel.model.market import symbiotic_vault as symbiotic
from keel.model.market.restaked_ether import RestakedEther
from tests.deployment import Keel
from tests.market.restaking_stage import Stage, stage_of

HOLDERS = ("holder", "depositor")

type Transition = Callable[[], RestakedEther]

amounts = st.one_of(st.integers(0, 3), st.integers(4, 40 * ETHER))
bps = st.integers(0, 10_000)
holders = st.sampled_from(HOLDERS)
steps = st.one_of(
    st.tuples(st.just("deposit"), holders, amounts),
    st.tuples(st.just("mint"), holders, amounts),
    st.tuples(st.just("request"), holders, bps),
    st.tuples(st.just("gift"), st.sampled_from(["deposit", "withdraw", "transfer"]), amounts),
    st.tuples(st.just("slash"), st.booleans(), bps),
    st.tuples(st.just("claim"), holders, st.integers(0, 5)),
    st.tuples(st.just("epoch"), st.just(""), st.just(0)),
)


def tried(transition: Transition) -> RestakedEther | Refused:
    """What the model makes of a step."""
    try:
        return transition()
    except Refused as refusal:
        return refusal


class Pair:
    """The contracts and their model, moved together."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.model = stage.model()

    def move(self, step: tuple[str, object, int]) -> None:
        """Take one step with both and compare."""
        kind, who, size = step
        getattr(self, kind)(who, size)
        self.compare()

    def both(self, transition: Transition, function: str, *arguments: object, by: str) -> None:
        """Send to rkETH, and expect of it what the model does or refuses."""
        after = tried(transition)
        if isinstance(after, Refused):
            with pytest.raises(Reverted) as caught:
                self.stage.send(self.stage.restaked, function, *arguments, sender=by)
            assert caught.value.cause == self._said(after)
            return
        self.stage.send(self.stage.restaked, function, *arguments, sender=by)
        self.model = after

    def _said(self, refusal: Refused) -> CustomError:
        """A refusal as the contract tells it: accounts by address, and times for epochs."""
        told = dict(refusal.arguments)
        if "sender" in told:
            told["sender"] = self.stage.people[str(told["sender"])]
        if isinstance(refusal, token.NotClaimable):
            at = self.stage.ticket(refusal.ticket_id).claimableAt
            told = {"ticketId": refusal.ticket_id, "claimableAt": at}
        return CustomError(type(refusal).__name__, told)

    def deposit(self, who: str, units: int) -> None:
        if self.is_worthless():
            return
        self.both(
            lambda: token.deposit(self.model, who, units)[0],
            "deposit",
            units,
            self.stage.people[who],
            by=who,
        )

    def mint(self, who: str, shares: int) -> None:
        if self.is_worthless():
            return
        self.both(
            lambda: token.mint(self.model, who, shares)[0],
            "mint",
            shares,
            self.stage.people[who],
            by=who,
        )

    def request(self, who: str, part: int) -> None:
        shares = self.model.shares_of.get(who, 0) * part // 9_999  # at 10,000 more than there are
        epoch = self.stage.epoch()
        self.both(
            lambda: token.request(self.model, who, shares, epoch),
            "request",
            shares,
            self.stage.people[who],
            by=who,
        )

    def claim(self, who: str, number: int) -> None:
        mine = [each for each, ticket in self.model.tickets.items() if ticket.owner == who]
        if not mine:
            return
        ticket_id, epoch = mine[number % len(mine)], self.stage.epoch()
        before = self.stage.units(who)
        worth = self.model.ticket_worth(ticket_id)
        self.both(
            lambda: token.claim(self.model, ticket_id, epoch)[0],
            "claim",
            ticket_id,
            self.stage.people[who],
            by=who,
        )
        paid = ticket_id not in self.model.tickets
        assert self.stage.units(who) == before + (worth if paid else 0)

    def gift(self, kind: str, units: int) -> None:
        """What a stranger does in rkETH's name at the vault, or sends it."""
        stage, vault, stranger = self.stage, self.stage.vault, self.stage.people["stranger"]
        address = stage.restaked.address
        if not units or self.is_worthless():
            return
        if kind == "transfer":
            stage.send(stage.keel.quick.wrapped, "transfer", address, units, sender="stranger")
            stage.send(stage.keel.quick.wrapped, "transfer", vault.address, 1, sender="stranger")
        elif kind == "deposit":
            stage.send(vault, "deposit", address, units, sender="stranger")
            self.model = replace(self.model, vault=symbiotic.deposit(self.model.vault, units)[0])
        else:
            stage.send(vault, "deposit", stranger, units, sender="stranger")
            after, shares = symbiotic.deposit(self.model.vault, units)
            if symbiotic.to_units_down(shares, after.stake, after.shares):
                stage.send(vault, "redeem", address, shares, sender="stranger")
                after, _, _ = symbiotic.redeem(after, shares, stage.epoch())
            self.model = replace(self.model, vault=after)

    def slash(self, is_late: bool, part: int) -> None:
        """Slash a part of what the network can, of the time of the epoch before if it is late."""
        stage, epoch = self.stage, self.stage.epoch()
        captured = now(stage.site.rpc)
        if is_late and epoch:
            captured = stage.vault.function("currentEpochStart")() - 1
        units = stage.slashable(captured) * part // 10_000
        if not units:
            return
        taken = stage.slash(units, captured)
        vault, expected = symbiotic.slash(
            self.model.vault, units, epoch - (is_late and epoch > 0), epoch
        )
        assert taken == units >= expected
        self.model = replace(self.model, vault=vault)

    def epoch(self, _: str, __: int) -> None:
        self.stage.next_epoch()

    def is_worthless(self) -> bool:
        """Whether the vault takes nothing any more through rkETH (RST-8)."""
        return not self.model.vault.stake and self.model.vault.shares > 0

    def compare(self) -> None:
        stage, model = self.stage, self.model
        real = stage.read_vault()
        assert (real.stake, real.shares) == (model.vault.stake, model.vault.shares)
        for epoch, leaving in real.withdrawals.items():
            assert leaving == model.vault.leaving(epoch), epoch
        assert stage.restaked.function("totalSupply")() == model.supply
        assert stage.restaked.function("totalAssets")() == model.worth(model.supply)
        for name in HOLDERS:
            assert stage.shares(name) == model.shares_of.get(name, 0)
        for number in model.tickets:
            assert stage.ticket(number).units == model.ticket_worth(number)
        held = stage.vault.function("activeSharesOf")(stage.restaked.address)
        assert held >= model.supply


@pytest.fixture
def stage(keel: Keel, site: Site) -> Stage:
    return stage_of(keel, site)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=4, max_size=14))
def test_every_history_goes_as_in_the_model(
    stage: Stage, history: list[tuple[str, object, int]]
) -> None:
    """RST-1, RST-2, RST-5, RST-6, RST-7; at the end every ticket is paid."""
    with reverting(stage.site.rpc):
        pair = Pair(stage)
        pair.move(("deposit", "holder", 7 * ETHER + 1))
        for step in history:
            pair.move(step)
        for _ in range(2):
            pair.epoch("", 0)
        for name in HOLDERS:
            while any(ticket.owner == name for ticket in pair.model.tickets.values()):
                pair.claim(name, 0)
        assert not pair.model.tickets
