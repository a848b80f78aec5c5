"""What each actor is worth, counted only from what the contracts show."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.stateful.reading import ACTORS, Values

SHARES_PER_UNIT = 10**9
FUND_VIRTUAL_SHARES = 10**6
ROUNDINGS = 6
"""More wei, or units of wkETH, than one step rounds in anybody's favour."""


@dataclass(frozen=True)
class Worths:
    """Wei by actor: ether, both tokens, tickets, and the part of the fund.

    `unit_wei` is a unit of wkETH, the coarsest amount that anything is rounded to.
    """

    wei: Mapping[str, int]
    unit_wei: int

    def less(self, name: str, wei: int) -> "Worths":
        """Take off what somebody paid for gas."""
        if name not in self.wei:
            return self
        return replace(self, wei={**self.wei, name: self.wei[name] - wei})

    def check_against(self, before: "Worths", parties: set[str], exempt: set[str]) -> None:
        """Rounding apart, a step in no time makes nobody richer but at a party's cost."""
        dust = ROUNDINGS * (1 + max(self.unit_wei, before.unit_wei))
        gains = {name: self.wei[name] - before.wei[name] for name in ACTORS if name not in exempt}
        together = sum(gain for name, gain in gains.items() if name in parties)
        assert together <= dust, f"{sorted(parties)} gained {together} wei out of nothing"
        for name, gain in gains.items():
            assert name in parties or gain <= dust, f"{name} gained {gain} wei for nothing"


def worths_of(seen: Values, owners: Mapping[str, str]) -> Worths:
    """Count everybody's worth in one reading; `owners` are the actors' addresses."""
    shares, assets_wei, unvested_wei = _words(seen, "vault.totals")
    visible_wei = assets_wei - unvested_wei
    fund_units, fund_supply = _int(seen, "fund.totalAssets"), _int(seen, "fund.totalSupply")
    wei = {}
    for name in ACTORS:
        units = _int(seen, f"units.{name}")
        cover = _int(seen, f"cover.{name}")
        units += cover * (fund_units + 1) // (fund_supply + FUND_VIRTUAL_SHARES)
        held = _int(seen, f"shares.{name}") + units * SHARES_PER_UNIT
        wei[name] = held * visible_wei // shares + _int(seen, f"ether.{name}")
    worth_of_owner = _tickets_by_owner(seen)
    for name in ACTORS:
        wei[name] += worth_of_owner.get(int(owners[name], 16), 0)
    return Worths(wei, -(-visible_wei * SHARES_PER_UNIT // shares))


def _tickets_by_owner(seen: Values) -> dict[int, int]:
    worth: dict[int, int] = {}
    for name, shown in seen.items():
        if name.startswith("ticket.") and isinstance(shown, tuple) and shown[0]:
            worth[shown[0]] = worth.get(shown[0], 0) + shown[3]
    return worth


def _int(seen: Values, name: str) -> int:
    value = seen[name]
    assert isinstance(value, int)
    return value


def _words(seen: Values, name: str) -> tuple[int, ...]:
    value = seen[name]
    assert isinstance(value, tuple)
    return value
