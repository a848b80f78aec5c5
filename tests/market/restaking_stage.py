"""People with wkETH around a real Symbiotic vault and rkETH over it, and the model of both.

Every transaction is in a block of its own, one second after the last one, so that no clock of the
machine decides an epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keel.chain.abi import Abi
from keel.chain.clock import jump, jump_to, now, set_next_timestamp
from keel.chain.contract import Contract
from keel.chain.transaction import Receipt
from keel.market.symbiotic import (
    operator_of,
    restaked_of,
    slash,
    slasher_of,
    subnetwork_of,
    vault_of,
)
from keel.market.system import Site
from keel.model.constants import ETHER
from keel.model.market.restaked_ether import RestakedEther
from keel.model.market.symbiotic_vault import SymbioticVault, Withdrawals
from tests.deployment import Keel
from tests.unit.contracts.underwriting import wrap

UNITS = 1_000 * ETHER
"""wkETH that each of them has."""

PEOPLE = ("holder", "depositor", "stranger")
"""Two use rkETH, the stranger uses the vault itself."""


@dataclass(frozen=True, slots=True, repr=False)
class Stage:
    """The vault, its slasher and rkETH, each with the errors of all."""

    keel: Keel
    site: Site
    vault: Contract
    slasher: Contract
    restaked: Contract
    people: Mapping[str, str]

    def send(self, contract: Contract, function: str, *arguments: Any, sender: str) -> Receipt:
        """Call as one of the people, one second after the latest block."""
        set_next_timestamp(self.site.rpc, now(self.site.rpc) + 1)
        name = self.people.get(sender, sender)
        return contract.function(function).send(*arguments, sender=name)

    def epoch(self) -> int:
        return int(self.vault.function("currentEpoch")())

    def next_epoch(self) -> int:
        """Go to the first second of the next epoch and return its number."""
        jump_to(self.site.rpc, self.vault.function("nextEpochStart")())
        return self.epoch()

    def slashable(self, captured_at: int) -> int:
        """What the network can slash of what was at stake then."""
        jump(self.site.rpc, 1)
        arguments = (subnetwork_of(self.site), operator_of(self.site), captured_at, b"")
        return int(self.slasher.function("slashableStake")(*arguments))

    def slash(self, units: int, captured_at: int | None = None) -> int:
        """Slash as the network does and return what was taken."""
        at = now(self.site.rpc) if captured_at is None else captured_at
        set_next_timestamp(self.site.rpc, now(self.site.rpc) + 1)
        (event,) = self.slasher.events(slash(self.site, units, at), "Slash")
        return int(event.inputs["slashedAmount"])

    def units(self, account: str) -> int:
        """wkETH of one of the people or of an address."""
        return self.keel.quick.wrapped.balanceOf(self.people.get(account, account))

    def shares(self, name: str) -> int:
        return int(self.restaked.function("balanceOf")(self.people[name]))

    def worth(self, name: str) -> int:
        """What somebody's rkETH is worth."""
        return int(self.restaked.function("convertToAssets")(self.shares(name)))

    def ticket(self, number: int) -> Any:
        return self.restaked.function("ticket")(number)

    def read_vault(self) -> SymbioticVault:
        """The vault as the model has it: this epoch and the one after it."""
        epoch = self.epoch()
        leaving = {
            each: Withdrawals(
                self.vault.function("withdrawals")(each),
                self.vault.function("withdrawalShares")(each),
            )
            for each in range(epoch + 2)
        }
        stake, shares = (self.vault.function(f)() for f in ("activeStake", "activeShares"))
        return SymbioticVault(stake, shares, leaving)

    def model(self) -> RestakedEther:
        """rkETH before anybody has any, over the vault as it is."""
        return RestakedEther(self.read_vault())


def stage_of(keel: Keel, site: Site) -> Stage:
    """Give everybody wkETH and let rkETH and the vault take it."""
    wrapped, vault, restaked = keel.quick.wrapped, vault_of(site), restaked_of(site)
    slasher = slasher_of(site)
    errors = Abi()
    for contract in (vault, slasher, wrapped, restaked):
        errors.errors.update(contract.abi.errors)
    people = {name: str(keel.actors[name].address) for name in PEOPLE}
    for account in people.values():
        wrap(keel, account, UNITS)
        for spender in (vault, restaked):
            wrapped.approve.send(spender.address, 2**256 - 1, sender=account)
    vault, slasher, restaked = (
        Contract(site.rpc, each.address, each.abi, errors=errors)
        for each in (vault, slasher, restaked)
    )
    return Stage(keel, site, vault, slasher, restaked, people)
