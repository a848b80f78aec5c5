"""Where the market's systems stand: the part `market` of a manifest, read again when it changes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from keel.deploy.errors import ManifestError
from keel.deploy.manifest import Manifest

type MarketRecords = Mapping[str, Mapping[str, str]]
"""Addresses by system and part, as the manifest has them."""

TITLES = {
    "uniswap": "Uniswap v3",
    "stable": "StablePool",
    "morpho": "Morpho Blue",
    "aave": "Aave v3",
}
"""By the system's name in the manifest."""


@dataclass(frozen=True, slots=True)
class MorphoPlace:
    """`oracle` and `rate` are those of Keel's market, which lends WETH on wkETH."""

    morpho: str
    oracle: str
    rate: str


@dataclass(frozen=True, slots=True)
class AavePlace:
    """`data` is its data provider."""

    pool: str
    data: str
    oracle: str


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses that readers need, None for what does not stand; `feeds` by name."""

    weth: str
    uniswap: str | None
    stable: str | None
    feeds: Mapping[str, str]
    morpho: MorphoPlace | None
    aave: AavePlace | None

    @classmethod
    def of(cls, records: MarketRecords) -> Self | None:
        """What a manifest names; None where it names no WETH, as without a market."""
        weth = records.get("weth", {}).get("weth")
        if weth is None:
            return None
        feeds = records.get("feeds", {})
        return cls(
            weth=weth,
            uniswap=records.get("uniswap", {}).get("pool"),
            stable=records.get("stable", {}).get("pool"),
            feeds={name: feeds[name] for name in ("rate", "market") if name in feeds},
            morpho=_place(MorphoPlace, records.get("morpho", {})),
            aave=_place(AavePlace, records.get("aave", {})),
        )


def _place[P: MorphoPlace | AavePlace](kind: type[P], record: Mapping[str, str]) -> P | None:
    """A system's place, None where a part of it is not named."""
    names = [field.name for field in fields(kind)]
    return kind(*(record[name] for name in names)) if all(n in record for n in names) else None


class MarketPart:
    """The market in a manifest's file: `market deploy` may write it while a service runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._places: Places | None = None

    def places(self) -> Places | None:
        """What the file names now; what it named before while it cannot be read."""
        try:
            status = self._path.stat()
            seen = status.st_mtime_ns, status.st_ino
            if seen != self._seen:
                self._places = Places.of(Manifest.read(self._path).market)
                self._seen = seen
        except (ManifestError, OSError):
            pass  # a file that is gone or broken is told of by whoever needs all of it
        return self._places
