"""Read a KeeperView: the contracts at one agreed head, and what the newest beacon state says."""

from dataclasses import dataclass

from keel.chain.contract import Contract, call_many
from keel.chain.state import BlockHead, balance_wei, block_head
from keel.committee.peers import Peers
from keel.committee.standing import Standing, StandingReader
from keel.committee.timetable import Timetable
from keel.keeper.ballot_reader import BallotReader
from keel.keeper.chores import Kind
from keel.keeper.coffers import read_coffers, read_deadlock
from keel.keeper.key_reader import KeyReader
from keel.keeper.staking import read_operators
from keel.keeper.state_reader import ReadState, StateReader, queued_requests, standing_of
from keel.keeper.view import (
    Ballots,
    BeaconStanding,
    Caller,
    Coffers,
    ExitRequest,
    Head,
    KeeperView,
    Keys,
    Rewards,
    Terms,
)
from keel.model.commitment import OperatorTotals
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.service.layers import Layers
from keel.sight.history import AskedExit, Historian, History
from keel.sight.operator_numbers import operator_numbers

_NO_ROOT = bytes(32)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was worked out of one beacon state, kept until the next."""

    state: ReadState
    staked: int
    standing: BeaconStanding
    coffers: Coffers


class KeeperReader:
    """Reads for one account; keeps what cannot change: events, leaves, the last beacon state."""

    def __init__(
        self,
        layers: Layers,
        historian: Historian,
        members: Peers,
        terms: Terms,
        account: str | None,
        *,
        state_slots: int,
    ) -> None:
        configuration = layers.manifest.configuration
        finality_seconds = configuration.parameters.finality_seconds
        timetable = Timetable(configuration.geometry, finality_seconds)
        contracts = layers.bindings
        self._layers = layers
        self._members = members
        self._terms = terms
        self._account = account
        self._historian = historian
        self._states = StateReader(layers.beacon, layers.rpc, state_slots)
        self._keys = KeyReader(layers.rpc, layers.beacon)
        self._ballots = BallotReader(contracts, layers.manifest.chain_id, timetable, members)
        self._standings = StandingReader(contracts, account)
        self._leaves: tuple[OperatorTotals, ...] | None = None
        self._leaves_root = _NO_ROOT
        self._seen: _Seen | None = None
        self._times: dict[int, int] = {}

    def head_slot(self, block: BlockHead) -> int:
        """The slot that both layers have reached."""
        network = self._layers.beacon.network
        return min(network.slot_at(block.timestamp), self._layers.beacon.head_slot())

    def read(self, head_slot: int, *, fresh: bool = False) -> KeeperView:
        """Read at the agreed head, with a `fresh` beacon state or one that is young enough.

        Raises NodeError, RpcError and StateBehindError.
        """
        with self._layers.rpc.pinned() as block:
            history = self._historian.up_to(block)
            not_before = head_slot if fresh else self._first_useful_slot(history, head_slot)
            read = self._states.state(head_slot, not_before=not_before)
            return self._read(block, head_slot, history, read)

    def _first_useful_slot(self, history: History, head_slot: int) -> int:
        """Validators come with epochs: while one may come, a state of an older epoch is too old."""
        kept = self._states.kept
        if kept is None or Kind.PROVE not in self._terms.kinds:
            return 0
        if not self._keys.may_come(history, kept):
            return 0
        slots = self._layers.beacon.network.slots_per_epoch
        return head_slot // slots * slots

    def _read(
        self, block: BlockHead, head_slot: int, history: History, read: ReadState
    ) -> KeeperView:
        contracts, network = self._layers.bindings, self._layers.beacon.network
        vault, withdrawals = contracts.vault, contracts.withdrawal_vault
        head = Head(
            head_slot,
            block.timestamp,
            block.number,
            network.slot_seconds,
            network.slots_per_epoch,
            block.base_fee_wei,
        )
        state, stakeable, free_wei, credentials, fee_wei, exits_available = call_many(
            contracts.rpc,
            [
                vault.state.prepare(),
                vault.stakeableValidators.prepare(),
                vault.freeWei.prepare(),
                vault.withdrawalCredentials.prepare(),
                withdrawals.withdrawalRequestFeeWei.prepare(),
                withdrawals.exitsAvailable.prepare(),
            ],
        )
        standing = self._standings.read(block)
        seen = self._see(read, history, credentials)
        is_dead = State(state) is State.DEAD
        return KeeperView(
            terms=self._terms,
            head=head,
            caller=self._caller(history),
            state=State(state),
            stakeable_validators=stakeable,
            free_wei=free_wei,
            operators=tuple(read_operators(contracts.registry)),
            keys=self._read_keys(history, seen.state, credentials, head_slot),
            beacon=seen.standing,
            coffers=seen.coffers,
            requests=tuple(self._request(asked) for asked in history.asked_exits()),
            exit_fee_wei=fee_wei,
            exits_available=exits_available,
            ballots=self._read_ballots(head, standing),
            rewards=self._rewards() if Kind.REWARDS in self._terms.kinds else None,
            deadlock=read_deadlock(contracts, head.time, self._account) if is_dead else None,
        )

    def _see(self, state: ReadState, history: History, credentials: bytes) -> _Seen:
        recorded = history.recorded(state.block_number)
        kept = self._seen
        if kept is not None and kept.state is state and kept.staked == len(recorded):
            return kept
        contracts = self._layers.bindings
        period = self._layers.beacon.network.shard_committee_period
        queued = queued_requests(contracts.rpc, state.block_number)
        self._seen = _Seen(
            state,
            len(recorded),
            standing_of(state, recorded, credentials, period, queued),
            read_coffers(contracts, state.block_number),
        )
        return self._seen

    def _read_keys(
        self, history: History, state: ReadState, credentials: bytes, head_slot: int
    ) -> Keys:
        if Kind.PROVE in self._terms.kinds:
            return self._keys.read(history, state, credentials, head_slot)
        return Keys(history.keys_at(Stage.PROVEN))

    def _caller(self, history: History) -> Caller:
        holders = history.role_holders()
        contracts = self._layers.bindings
        exiters = self._allowed(holders, contracts.withdrawal_vault, "requestExit", 1)
        owned = 0 if self._account is None else balance_wei(contracts.rpc, self._account)
        return Caller(self._account, owned, exiters)

    def _allowed(
        self, accounts: list[str], target: Contract, function: str, arguments: int
    ) -> tuple[str, ...]:
        """Those of the accounts that may call a restricted function at once."""
        manager = self._layers.bindings.manager
        selector = target.abi.function(function, arguments).inputs.selector
        calls = [manager.canCall.prepare(each, target.address, selector) for each in accounts]
        answers = call_many(manager.rpc, calls)
        return tuple(
            account for account, (immediate, _) in zip(accounts, answers, strict=True) if immediate
        )

    def _request(self, asked: AskedExit) -> ExitRequest:
        block = asked.first_block
        if block not in self._times:
            self._times[block] = block_head(self._layers.rpc, block).timestamp
        return ExitRequest(asked.pubkey, asked.last_block, self._times[block])

    def _read_ballots(self, head: Head, standing: Standing) -> Ballots | None:
        return self._ballots.read(head, standing) if Kind.REPORT in self._terms.kinds else None

    def _rewards(self) -> Rewards:
        contracts = self._layers.bindings
        root, totals, count = call_many(
            contracts.rpc,
            [
                contracts.oracle.operatorsRoot.prepare(),
                contracts.vault.totals.prepare(),
                contracts.registry.operatorCount.prepare(),
            ],
        )
        numbers = operator_numbers(contracts.registry, count)
        if root not in (self._leaves_root, _NO_ROOT) or self._leaves is None:
            self._leaves = None if root == _NO_ROOT else self._members.operators(root)
            self._leaves_root = root
        claimed = call_many(
            contracts.rpc,
            [contracts.registry.claimedShares.prepare(number) for number in numbers],
        )
        return Rewards(
            operators_root=root,
            leaves=self._leaves,
            claimed_shares=dict(enumerate(claimed)),
            total_shares=totals.shares,
            visible_wei=totals.assetsWei - totals.unvestedWei,
        )
