"""Restaking: a slashing in Symbiotic passes to holders of the restaking token, to nobody else.

A network slashes a fifth of what secures it. Somebody holds rkETH, somebody is leaving it, and
somebody is in the vault without it; others hold wkETH.
"""

from dataclasses import dataclass

from keel.chain.clock import jump_to
from keel.chain.contract import Contract
from keel.market.stories.formula import FORMULA, FormulaStage
from keel.market.stories.stage import FOREVER
from keel.market.stories.story import Story
from keel.market.stories.telling import Grid, Part, change, ether, percent
from keel.market.symbiotic import BURNER, SYMBIOTIC, restaked_of, slash, vault_of
from keel.model.constants import ETHER

HOLDER, LEAVER, DIRECT, OUTSIDE = "holder", "redeemer", "stranger", "depositor"
PARTIES = {
    HOLDER: "holds rkETH",
    LEAVER: "leaves rkETH by a ticket",
    DIRECT: "is in the vault itself",
    OUTSIDE: "holds wkETH",
}
BROUGHT_WEI = {HOLDER: 60 * ETHER, LEAVER: 30 * ETHER, DIRECT: 10 * ETHER}
SLASHED_PART = 5


@dataclass(frozen=True, slots=True)
class Restaking:
    """Units of wkETH that everybody has before and after, that were burned, and wkETH's rate."""

    slashed: int
    burned: int
    before: dict[str, int]
    after: dict[str, int]
    rate_before_wei: int
    rate_after_wei: int
    ticket_paid: int

    @property
    def rounding(self) -> int:
        """What all lost beyond what was slashed: worths are rounded down."""
        return sum(self.before.values()) - sum(self.after.values()) - self.slashed


def live(stage: FormulaStage) -> Restaking:
    """Bring, leave, slash, and claim once the epoch has ended."""
    vault, restaked = vault_of(stage.site), restaked_of(stage.site)
    brought = sum(
        _bring(stage, vault if name == DIRECT else restaked, name, wei)
        for name, wei in BROUGHT_WEI.items()
    )
    leaver = stage.who(LEAVER)
    restaked.function("request").send(_balance(stage, restaked, LEAVER), leaver, sender=leaver)
    ticket = restaked.function("lastTicket")()
    before, rate_wei = _holdings(stage, vault, restaked, ticket), stage.rate_wei()
    burned = stage.keel.wrapped.balanceOf(BURNER)
    slash(stage.site, brought // SLASHED_PART)
    burned = stage.keel.wrapped.balanceOf(BURNER) - burned
    after, rate_after_wei = _holdings(stage, vault, restaked, ticket), stage.rate_wei()
    jump_to(stage.rpc, restaked.function("ticket")(ticket).claimableAt)
    had = stage.units(LEAVER)
    restaked.function("claim").send(ticket, leaver, sender=leaver)
    return Restaking(
        slashed=brought // SLASHED_PART,
        burned=burned,
        before=before,
        after=after,
        rate_before_wei=rate_wei,
        rate_after_wei=rate_after_wei,
        ticket_paid=stage.units(LEAVER) - had,
    )


def _bring(stage: FormulaStage, contract: Contract, name: str, amount_wei: int) -> int:
    """Let somebody stake and restake; returns the units."""
    who = stage.who(name)
    units = stage.buy(name, amount_wei)
    stage.keel.wrapped.approve.send(contract.address, FOREVER, sender=who)
    arguments = (who, units) if name == DIRECT else (units, who)
    contract.function("deposit").send(*arguments, sender=who)
    return units


def _holdings(
    stage: FormulaStage, vault: Contract, restaked: Contract, ticket: int
) -> dict[str, int]:
    """Units of wkETH that each has a claim on."""
    shares = _balance(stage, restaked, HOLDER)
    return {
        PARTIES[HOLDER]: restaked.function("convertToAssets")(shares),
        PARTIES[LEAVER]: restaked.function("ticket")(ticket).units,
        PARTIES[DIRECT]: vault.function("activeBalanceOf")(stage.who(DIRECT)),
        PARTIES[OUTSIDE]: stage.units(OUTSIDE),
    }


def _balance(stage: FormulaStage, token: Contract, name: str) -> int:
    return int(token.function("balanceOf")(stage.who(name)))


def tell(restaking: Restaking) -> tuple[Part, ...]:
    """All of it."""
    rows = [
        (
            party,
            ether(units),
            ether(restaking.after[party], 4),
            change(restaking.after[party] - units),
            percent(restaking.after[party] - units, units),
        )
        for party, units in restaking.before.items()
    ]
    columns = ("who", ">before", ">after", ">change", ">of it")
    rate = "as before" if restaking.rate_after_wei == restaking.rate_before_wei else "moved"
    return (
        f"A network of Symbiotic slashes {ether(restaking.slashed)} wkETH, a fifth of what secures "
        "it. The vault burns it.",
        Grid("wkETH that each has a claim on", columns, tuple(rows)),
        f"All in the vault bear the same part, whichever way they are in it, and also a ticket "
        f"whose epoch has not ended: it paid {ether(restaking.ticket_paid, 4)} wkETH later. "
        f"{restaking.rounding} units are rounding. Who holds wkETH has what it had, and the "
        f"protocol's rate is {rate}: restaking is a risk of those who chose it.",
    )


RESTAKING = Story("restaking", "Restaking", FORMULA, (SYMBIOTIC,), live, tell)
