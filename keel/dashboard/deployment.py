"""What the page knows beforehand: the manifest, the ABIs next to it, and the events to be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from keel.chain.abi import Abi, checksummed
from keel.chain.rpc import RpcClient
from keel.dashboard.exit_texts import EXIT_TELLERS
from keel.deploy.actors import ACTORS, cast_actors
from keel.deploy.bindings import Bindings, bind_abis
from keel.deploy.manifest import LOCAL_CHAIN_IDS, Manifest
from keel.deploy.recorded import recorded_abis
from keel.model.frames import FrameGeometry
from keel.sight.key_lives import KEY_EVENTS

TOLD = {
    "vault": (
        "Deposited",
        "RedeemedInstantly",
        "Rebased",
        "LossAbsorbed",
        "CoverFailed",
        "Staked",
        "LossAnnouncementOpened",
        "SlashingNoted",
        "Swept",
        "WoundDown",
        "TicketsFinalisedWithoutReport",
        "Paused",
        "ModulesSet",
    ),
    "wrapped": ("Deposit", "Withdraw", "Transfer"),
    "queue": ("TicketRequested", "TicketsFinalised", "IndexLowered", "TicketClaimed"),
    "oracle": ("ReportApplied", "LossAnnounced", "MemberAdded", "MemberRemoved", "QuorumSet"),
    "registry": (
        "OperatorAdded",
        "OperatorSet",
        "OperatorUnfrozen",
        "CommissionSet",
        *KEY_EVENTS,
        "RewardsClaimed",
    ),
    "bonds": ("BondForfeited", "BondReleased", "BondPaid", "Covered"),
    "instant": ("Paused", "TermsSet"),
    "fund": ("Deposit", "Withdraw", "CooldownStarted", "CooldownCancelled", "Covered"),
    "exits": tuple(name for _, name in EXIT_TELLERS),
}
"""Events that are kept, by field of Bindings; of wkETH's transfers only mints and burns."""


@dataclass(frozen=True)
class KnownDeployment:
    """A deployment by its manifest; `abis` by the contract's name.

    `path` is the manifest's file, which may name a market later on.
    """

    manifest: Manifest
    abis: Mapping[str, Abi]
    path: Path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the manifest and its ABIs; raises ManifestError."""
        manifest = Manifest.read(path)
        return cls(manifest, recorded_abis(manifest, path), path)

    @property
    def geometry(self) -> FrameGeometry:
        """Times of slots and frames."""
        return self.manifest.configuration.geometry

    @property
    def is_local(self) -> bool:
        """Whether the chain is a development chain, by its id."""
        return self.manifest.chain_id in LOCAL_CHAIN_IDS

    def bind(self, rpc: RpcClient) -> Bindings:
        """Bind all contracts to a client; each explains the custom errors of all."""
        return bind_abis(
            rpc,
            self.manifest.addresses,
            self.abis,
            deposits=self.manifest.configuration.deposit_contract,
        )

    def names(self, unlocked: tuple[str, ...] = ()) -> Mapping[str, str]:
        """Address to name, of whom the manifest names; on a local chain also of its actors."""
        config = self.manifest.configuration
        found = {checksummed(address): name for name, address in config.accounts.items()}
        found |= {checksummed(a): name for name, a in self.manifest.addresses.items()}
        if self.is_local and len(unlocked) >= len(ACTORS):
            found |= {address: name for name, address in cast_actors(unlocked).items()}
        return found
