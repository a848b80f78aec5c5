"""All that a plan is made from, at one head that the nodes agree on; wei unless a name says gwei.

Made by `keel.keeper.view_reader`, judged by `keel.keeper.plan`; nothing here asks anybody anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keel.model.allocation import Operator
from keel.model.commitment import OperatorTotals
from keel.model.constants import GWEI, VALIDATOR_DEPOSIT_WEI
from keel.model.frames import State
from keel.sight.appearances import Appearances
from keel.sight.departures import Departed, DepartureProof
from keel.sight.key_lives import KeyLife
from keel.sight.key_proofs import KeyProof
from keel.sight.leaving_bonds import LeavingBond

FAR_FUTURE_EPOCH = 2**64 - 1
"""Epoch of what has no date yet (consensus specs)."""
TIMES_ITS_COST = 10
"""What a call brings, many times its gas, where others could send dust to cause it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The keeper's own settings, with the deployment's values where they were left open."""

    kinds: frozenset[str]
    grace_slots: int
    exit_horizon_seconds: int
    retry_seconds: int
    max_exit_fee_wei: int
    exit_fee_margin_bps: int
    most_validators: int
    min_reward_wei: int
    tip_wei: int
    low_balance_wei: int
    least_absence_gwei: int
    watch_slots: int


@dataclass(frozen=True, slots=True)
class Head:
    """The head at which the chain was read; `time` is that of its slot."""

    slot: int
    time: int
    block_number: int
    slot_seconds: int
    slots_per_epoch: int
    base_fee_wei: int

    @property
    def epoch(self) -> int:
        """Epoch of the slot."""
        return self.slot // self.slots_per_epoch


@dataclass(frozen=True, slots=True)
class Caller:
    """Who would send, None for whoever it may be in a dry run."""

    address: str | None
    balance_wei: int


@dataclass(frozen=True, slots=True)
class Validator:
    """One recorded key that the beacon state knows as a validator.

    `balance_gwei` is what its exit brings: pending consolidations count at their targets (EXT-1).
    `is_ours`: the withdrawal credentials are the vault's; `has_partials`: a partial withdrawal
    waits, before which the chain ignores a request for its exit; `is_absent`: it took part in
    nothing in the epoch before the state's, while the chain finalised.
    """

    index: int
    pubkey: bytes
    operator_id: int
    balance_gwei: int
    effective_gwei: int
    activation_epoch: int
    exit_epoch: int = FAR_FUTURE_EPOCH
    withdrawable_epoch: int = FAR_FUTURE_EPOCH
    slashed: bool = False
    is_ours: bool = True
    has_partials: bool = False
    is_absent: bool = False

    @property
    def is_leaving(self) -> bool:
        """Whether its exit has a date."""
        return self.exit_epoch != FAR_FUTURE_EPOCH

    @property
    def parts(self) -> int:
        """How many times 32 ETH its exit draws on LIM-3."""
        return -(-self.effective_gwei * GWEI // VALIDATOR_DEPOSIT_WEI)

    def mature_from(self, shard_committee_period: int) -> int:
        """First epoch in which the chain acts on a request for its exit."""
        return min(self.activation_epoch + shard_committee_period, FAR_FUTURE_EPOCH)


@dataclass(frozen=True, slots=True)
class BeaconStanding:
    """What the newest beacon state that was read says; `block_number` is the one it names.

    `consensus_gwei` is C as of this state (REP-10). `queued_requests` are public keys that still
    wait in the contract of EIP-7002 at that block.
    """

    slot: int
    epoch: int
    block_number: int
    shard_committee_period: int
    validators: tuple[Validator, ...]
    consensus_gwei: int
    queued_requests: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Coffers:
    """The accounts at the block of the beacon state, so that no ether is counted twice."""

    buffered_wei: int
    owed_wei: int
    withdrawal_vault_wei: int
    rewards_vault_wei: int
    stream_wei: int
    stream_seconds: int


@dataclass(frozen=True, slots=True)
class ExitRequest:
    """`ExitRequested` of a key: the block of the latest one, the time of the first one."""

    pubkey: bytes
    block_number: int
    time: int


@dataclass(frozen=True, slots=True)
class ExitBooks:
    """What Exits has recorded and would take now.

    `missing_wei` is that of REQ-3, `available_parts` that of LIM-3, and `spare_parts` says how many
    parts each operator has more than REQ-3 leaves it, below 0 when none of its validators can be
    asked. `noted` are keys with an exit epoch that was shown and nobody had asked for, with the
    block. `unnoted` are staked keys that Exits has not as leaving, but for sources of
    consolidations, and `over` the roots of those whose exits end. `gone` are keys that the registry
    has as slashed or paid out: Exits takes none. `balance_slots`: of the last shown (REQ-5).
    """

    missing_wei: int
    available_parts: int
    fee_wei: int
    spare_parts: Mapping[int, int] = field(default_factory=dict)
    requests: tuple[ExitRequest, ...] = ()
    noted: Mapping[bytes, int] = field(default_factory=dict)
    unnoted: frozenset[bytes] = frozenset()
    over: tuple[bytes, ...] = ()
    gone: frozenset[bytes] = frozenset()
    balance_slots: Mapping[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExitProofs:
    """What Exits takes, by validator index; while there is nothing, `no_proof` says why.

    Of `calls` block, index, validator and branch, of `balances` block, chunk and branch.
    """

    calls: Mapping[int, tuple[Any, ...]] = field(default_factory=dict)
    balances: Mapping[int, tuple[Any, ...]] = field(default_factory=dict)
    no_proof: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys on the way to their stake, and from it.

    `proven` are in the order of their predeposits. `shown` is what the beacon state shows of those
    that are not proven yet, and `proofs` are the calls that prove them; while there are none,
    `no_proof` says why. `foreign` were found to pay elsewhere (KEY-4). `departed` are staked ones
    that the state shows to be slashed or paid out, `departures` their proofs. `blind` says why the
    nodes could not be asked at this head which validators are slashed, or have come.
    """

    proven: tuple[KeyLife, ...] = ()
    foreign: tuple[KeyLife, ...] = ()
    shown: Appearances = field(default_factory=Appearances)
    proofs: tuple[KeyProof, ...] = ()
    no_proof: str | None = None
    departed: tuple[Departed, ...] = ()
    departures: tuple[DepartureProof, ...] = ()
    blind: str | None = None


@dataclass(frozen=True, slots=True)
class Ballots:
    """The equal valid ballots of the newest report that may be posted and was not applied.

    `arguments` are those of the oracle's `submit`. `needed` signatures from the time
    `applicable_at` on are what an announced loss asks for (REP-8); else a quorum, and 0.
    """

    ref_slot: int
    signatures: int
    needed: int
    applicable_at: int
    since_slot: int
    arguments: tuple[Any, ...]
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Rewards:
    """Leaves under `operatorsRoot`, None when no member has them, and what operators claimed."""

    operators_root: bytes
    leaves: tuple[OperatorTotals, ...] | None
    claimed_shares: Mapping[int, int]
    total_shares: int
    visible_wei: int


@dataclass(frozen=True, slots=True)
class WindDown:
    """What a wind-down would bring in (STA-8): `staked_wei` is C + P, `held_wei` in the two vaults.

    `live_keys` are staked ones not proven to be paid out; while there are any, nothing else is
    asked. `last_ticket` is the hint; `refusal` what `windDown` answers now, None if it would work.
    `loss_at` is the time from which what is missing counts as lost, where the vault waits for it.
    """

    live_keys: int
    staked_wei: int = 0
    held_wei: int = 0
    last_ticket: int = 0
    refusal: str | None = None
    loss_at: int | None = None

    @property
    def is_possible(self) -> bool:
        """Whether the vault would take it now."""
        return not self.live_keys and self.refusal is None


@dataclass(frozen=True, slots=True)
class Deadlock:
    """What the dead state lets anybody do (STA-3, STA-5).

    `payable_to` is the last ticket that B pays, `payable_after_sweep` that B and the sweep pay;
    `sweep_refusal` is what `sweepWithdrawals` answers now, None when it would work.
    """

    last_finalised: int
    payable_to: int
    payable_after_sweep: int
    sweepable_wei: int
    sweep_refusal: str | None
    wind_down: WindDown


@dataclass(frozen=True, slots=True)
class KeeperView:
    """All of it. `ballots`, `rewards` and `deadlock` are None where there are none to speak of.

    `aside` are keys of refused chores that wait, with the reason (EXT-7).
    """

    terms: Terms
    head: Head
    caller: Caller
    state: State
    stakeable_validators: int
    free_wei: int
    operators: tuple[Operator, ...]
    keys: Keys
    beacon: BeaconStanding
    coffers: Coffers
    exits: ExitBooks
    ballots: Ballots | None
    rewards: Rewards | None
    deadlock: Deadlock | None
    exit_proofs: ExitProofs = field(default_factory=ExitProofs)
    bonds: tuple[LeavingBond, ...] = ()
    aside: Mapping[str, str] = field(default_factory=dict)

    def least_worth_wei(self, gas: int) -> int:
        """What a call of so much gas must bring, so that dust makes no keeper pay for it."""
        return TIMES_ITS_COST * self.cost_wei(gas)

    def cost_wei(self, gas: int) -> int:
        """What gas costs at the head."""
        return gas * (self.head.base_fee_wei + self.terms.tip_wei)
