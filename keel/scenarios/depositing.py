"""Users pay ether in, for kETH or wkETH; underwriters bring wkETH into the insurance fund."""

from dataclasses import dataclass

from keel.scenarios.world import World

_NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Bought:
    """What somebody has of a token after paying in; wei of kETH or units of wkETH."""

    actor: str
    paid_wei: int
    token: str
    balance: int


@dataclass(frozen=True, slots=True)
class Underwritten:
    """Units of wkETH brought in, and the fund's own shares received."""

    units: int
    fund_shares: int


def deposit(world: World, actor: str, amount_wei: int) -> Bought:
    """Buy kETH."""
    return _buy(world, actor, amount_wei, "deposit")


def deposit_wrapped(world: World, actor: str, amount_wei: int) -> Bought:
    """Buy wkETH."""
    return _buy(world, actor, amount_wei, "depositWrapped")


def underwrite(world: World, actor: str, amount_wei: int) -> Underwritten:
    """Buy wkETH and give it to the insurance fund."""
    units = _buy(world, actor, amount_wei, "depositWrapped").balance
    who, fund = world.actors[actor], world.contracts.fund
    world.contracts.wrapped.approve.send(fund.address, units, sender=who)
    fund.deposit.send(units, who, sender=who)
    return Underwritten(units, fund.balanceOf(who))


def _buy(world: World, actor: str, amount_wei: int, function: str) -> Bought:
    who, contracts = world.actors[actor], world.contracts
    contracts.vault.function(function).send(who, _NOBODY, sender=who, value_wei=amount_wei)
    token = contracts.vault if function == "deposit" else contracts.wrapped
    name = "kETH" if function == "deposit" else "wkETH"
    return Bought(actor, amount_wei, name, token.balanceOf(who))
