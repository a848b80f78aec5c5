"""Tokens in the hands of people, for tests of the market."""

from keel.market.system import Site
from keel.market.weth import weth_of

_NOBODY = "0x" + "0" * 40


def give_wketh(site: Site, actor: str, amount_wei: int) -> int:
    """Let somebody stake and wrap; returns all units of wkETH that they have."""
    who, contracts = site.actors[actor], site.contracts
    contracts.vault.depositWrapped.send(who, _NOBODY, sender=who, value_wei=amount_wei)
    return contracts.wrapped.balanceOf(who)


def give_weth(site: Site, actor: str, amount_wei: int) -> None:
    """Let somebody wrap ether."""
    weth_of(site).function("deposit").send(sender=site.actors[actor], value_wei=amount_wei)
