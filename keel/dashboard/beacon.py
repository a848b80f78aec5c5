"""What the consensus layer says of Keel's validators, by the standard Beacon API.

The keys are those that the registry recorded (`KeyStaked`); a key whose validator, or whose first
pending deposit, pays to another address than the vault's is named and does not count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keel.consensus.beacon.errors import ConfigError
from keel.consensus.beacon.spec import spec_of_states
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.errors import EncodingError
from keel.consensus.state.penalties import penalties_in_state
from keel.model.constants import GWEI
from keel.nodes.beacon_node import BeaconNode
from keel.nodes.errors import NodeError
from keel.sight.consensus_view import foreign_keys
from keel.sight.event_index import ChainMovedError, Happened
from keel.sight.rebases import reported

_IDS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Counts:
    """Validators of one operator."""

    pending: int = 0
    active: int = 0
    exited: int = 0
    slashed: int = 0


@dataclass(frozen=True, slots=True)
class ReferenceCheck:
    """C recounted from the state of a reference slot, penalties off, and C of its report."""

    ref_slot: int
    counted_wei: int
    reported_wei: int

    @property
    def difference_wei(self) -> int:
        """What the beacon state has above the report."""
        return self.counted_wei - self.reported_wei


@dataclass(frozen=True, slots=True)
class BeaconReading:
    """`counts` by operator at `counted_slot`; `check` None: nothing was reported yet.

    `check_problem` says why a report could not be checked. `active_gwei` is what all validators of
    a development chain have at stake, 0 where it is not counted.
    """

    head_slot: int
    finalised_slot: int
    counted_slot: int
    counts: Mapping[int, Counts]
    slashed_keys: tuple[str, ...]
    foreign_keys: tuple[str, ...]
    check: ReferenceCheck | None
    check_problem: str | None
    active_gwei: int = 0


@dataclass(frozen=True, slots=True)
class StateAmounts:
    """Validators of the asked keys and their pending deposits in one state."""

    validators: Mapping[str, Mapping[str, Any]]
    pending: Sequence[Mapping[str, Any]]
    credentials: str

    def foreign(self) -> tuple[str, ...]:
        """Keys that pay to somebody else."""
        validators = {key: _credentials(v["validator"]) for key, v in self.validators.items()}
        pending = ((deposit["pubkey"], _credentials(deposit)) for deposit in self.pending)
        own = bytes.fromhex(self.credentials.removeprefix("0x"))
        return tuple(sorted(foreign_keys(validators, pending, own)))

    def counted_gwei(self) -> int:
        """Balances and pending deposits of all keys but foreign ones."""
        left_out = set(self.foreign())
        balances = (int(v["balance"]) for k, v in self.validators.items() if k not in left_out)
        waiting = (int(d["amount"]) for d in self.pending if d["pubkey"] not in left_out)
        return sum(balances) + sum(waiting)

    def losing(self, epoch: int) -> list[int]:
        """Indices of slashed validators, but foreign ones, that cannot withdraw yet."""
        left_out = set(self.foreign())
        slashed = (
            found
            for key, found in self.validators.items()
            if key not in left_out and found["validator"]["slashed"]
        )
        return [
            int(found["index"])
            for found in slashed
            if int(found["validator"]["withdrawable_epoch"]) > epoch
        ]


class BeaconClient(BeaconNode):
    """A beacon node, asked for what concerns some keys; every method raises NodeError."""

    def amounts(self, state_id: str, keys: Sequence[str], credentials: str) -> StateAmounts:
        """Read validators and pending deposits of some keys in one state."""
        path = f"/eth/v1/beacon/states/{state_id}"
        wanted = set(keys)
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(keys), _IDS_AT_ONCE):
            body = {"ids": list(keys[start : start + _IDS_AT_ONCE])}
            for entry in self.data(f"{path}/validators", body):
                found[entry["validator"]["pubkey"]] = entry
        pending = self.data(f"{path}/pending_deposits") if keys else []
        ours = [deposit for deposit in pending if deposit["pubkey"] in wanted]
        return StateAmounts(found, ours, credentials)

    def consensus_gwei(self, slot: int, keys: Sequence[str], credentials: str) -> int:
        """C at a slot (REP-10); reads the whole state while one of the keys is being penalised."""
        found = self.amounts(str(slot), keys, credentials)
        network = self.network()
        losing = found.losing(slot // network.slots_per_epoch)
        if not losing:
            return found.counted_gwei()
        fork, data = self.state_ssz(slot)
        try:
            state = read_state(spec_of_states(fork, network.preset), data)
        except (ConfigError, EncodingError) as error:
            raise NodeError(self.url, f"the state of slot {slot} is unknown: {error}") from error
        most = len(state.validators)
        if max(losing) >= most:
            raise NodeError(
                self.url, f"the state of slot {slot} has {most} validators, not {losing}"
            )
        return found.counted_gwei() - int(penalties_in_state(state)[losing].sum())

    def active_gwei(self, state_id: str) -> int:
        """Effective balances of all active validators; for chains that have few."""
        path = f"/eth/v1/beacon/states/{state_id}/validators?status=active"
        return sum(int(v["validator"]["effective_balance"]) for v in self.data(path))


class BeaconFollower:
    """Counts once an epoch and when keys were staked, checks each report once."""

    def __init__(
        self, client: BeaconClient, credentials: str, slots_per_epoch: int, *, has_few: bool
    ) -> None:
        """`has_few`: the chain has few validators, so that all of them can be counted."""
        self._client = client
        self._has_few = has_few
        self._credentials = credentials
        self._slots_per_epoch = slots_per_epoch
        self._counted: tuple[object, BeaconReading] | None = None
        self._checked: dict[object, ReferenceCheck] = {}

    def read(self, events: Sequence[Happened]) -> BeaconReading:
        """Read the node, and check the newest report by it."""
        head_slot = self._client.synced_slot()
        staked = [e for e in events if e.name == "KeyStaked"]
        moment = head_slot // self._slots_per_epoch, len(staked), _last_hash(staked)
        if self._counted is None or self._counted[0] != moment:
            self._counted = moment, self._count(head_slot, staked)
        counted = self._counted[1]
        check, problem = self._check(events, staked)
        return BeaconReading(
            head_slot=head_slot,
            finalised_slot=self._client.finalised_epoch() * self._slots_per_epoch,
            counted_slot=counted.counted_slot,
            counts=counted.counts,
            slashed_keys=counted.slashed_keys,
            foreign_keys=counted.foreign_keys,
            check=check,
            check_problem=problem,
            active_gwei=counted.active_gwei,
        )

    def _count(self, head_slot: int, staked: Sequence[Happened]) -> BeaconReading:
        operators = {_key(e): int(e.inputs["operatorId"]) for e in staked}
        found = self._client.amounts(str(head_slot), list(operators), self._credentials)
        by_operator: dict[int, list[Mapping[str, Any] | None]] = {}
        for key, operator_id in operators.items():
            by_operator.setdefault(operator_id, []).append(found.validators.get(key))
        return BeaconReading(
            head_slot=head_slot,
            finalised_slot=0,
            counted_slot=head_slot,
            counts={number: _counts(entries) for number, entries in by_operator.items()},
            slashed_keys=tuple(
                sorted(k for k, v in found.validators.items() if v["validator"]["slashed"])
            ),
            foreign_keys=found.foreign(),
            check=None,
            check_problem=None,
            active_gwei=self._client.active_gwei(str(head_slot)) if self._has_few else 0,
        )

    def _check(
        self, events: Sequence[Happened], staked: Sequence[Happened]
    ) -> tuple[ReferenceCheck | None, str | None]:
        """C of the newest report against the state it speaks of."""
        places = [n for n, e in enumerate(events) if e.name == "ReportApplied"]
        if not places:
            return None, None
        report = events[places[-1]]
        ref_slot = int(report.inputs["refSlot"])
        # Reports name slots; a key staked up to the state's own block belongs to it.
        ref_time = _ref_time(events, places[-1])
        keys = [_key(e) for e in staked if e.time <= ref_time]
        moment = ref_slot, len(keys), report.event.log.transaction_hash, _last_hash(staked)
        if moment not in self._checked:
            try:
                counted_gwei = self._client.consensus_gwei(ref_slot, keys, self._credentials)
            except NodeError as error:
                return None, str(error)
            reported_wei = int(report.inputs["report"].consensusBalanceGwei) * GWEI
            self._checked = {moment: ReferenceCheck(ref_slot, counted_gwei * GWEI, reported_wei)}
        return self._checked[moment], None


def _ref_time(events: Sequence[Happened], place: int) -> int:
    """Time of the report's reference slot, as the vault says it in the same transaction."""
    transaction = events[place].event.log.transaction_hash
    for event in reported(events[max(0, place - 20) : place + 20]):
        if event.event.log.transaction_hash == transaction:
            return int(event.inputs["refTime"])
    raise ChainMovedError("the report's rebase is missing from the log")


def _counts(entries: Iterable[Mapping[str, Any] | None]) -> Counts:
    pending = active = exited = slashed = 0
    for entry in entries:
        status = "pending" if entry is None else str(entry["status"])
        pending += status.startswith("pending")
        active += status.startswith("active")
        exited += status.startswith(("exited", "withdrawal"))
        slashed += entry is not None and bool(entry["validator"]["slashed"])
    return Counts(pending, active, exited, slashed)


def _credentials(found: Mapping[str, Any]) -> bytes:
    return bytes.fromhex(found["withdrawal_credentials"].removeprefix("0x"))


def _key(event: Happened) -> str:
    return "0x" + bytes(event.inputs["pubkey"]).hex()


def _last_hash(events: Sequence[Happened]) -> str:
    return events[-1].event.log.transaction_hash if events else ""
