"""Read a KeeperView: the contracts at one agreed head, and what the newest beacon state says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keel.chain.contract import call_many
from keel.chain.state import BlockHead, balance_wei
from keel.committee.peers import Peers
from keel.committee.standing import Standing, StandingReader
from keel.committee.timetable import Timetable
from keel.consensus.state.errors import ProofError
from keel.keeper.absences import absent_validators
from keel.keeper.ballot_reader import BallotReader
from keel.keeper.chores import Kind
from keel.keeper.coffers import read_coffers, read_deadlock
from keel.keeper.exit_reader import ExitReader
from keel.keeper.exits import indices_to_prove
from keel.keeper.key_reader import KeyReader
from keel.keeper.staking import read_operators
from keel.keeper.state_reader import ReadState, StateReader, queued_requests, standing_of
from keel.keeper.view import (
    Ballots,
    BeaconStanding,
    Caller,
    Coffers,
    ExitProofs,
    Head,
    KeeperView,
    Keys,
    Rewards,
    Terms,
)
from keel.model.allocation import Operator
from keel.model.commitment import OperatorTotals
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.service.layers import Layers
from keel.sight.history import Historian, History
from keel.sight.operator_numbers import operator_numbers
from keel.sight.proving_time import proving_time

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
        self._exits = ExitReader(contracts)
        self._ballots = BallotReader(contracts, layers.manifest.chain_id, timetable, members)
        self._standings = StandingReader(contracts, account)
        self._leaves: tuple[OperatorTotals, ...] | None = None
        self._leaves_root = _NO_ROOT
        self._seen: _Seen | None = None

    def head_slot(self, block: BlockHead) -> int:
        """The slot that both layers have reached."""
        network = self._layers.beacon.network
        return min(network.slot_at(block.timestamp), self._layers.beacon.head_slot())

    def read(
        self, head_slot: int, aside: Mapping[str, str] | None = None, *, is_once: bool = False
    ) -> KeeperView:
        """Read at the agreed head, with a beacon state that is young enough, and what is `aside`.

        Where a state before the head's shows news, and for whoever looks once, it is that before
        the head's: the chain can check a proof by it now.
        Raises NodeError, RpcError and StateBehindError.
        """
        with self._layers.rpc.pinned() as block:
            history = self._historian.up_to(block)
            not_before = 0 if is_once else self._first_useful_slot(history, head_slot)
            is_news = is_once or not_before == head_slot - 1
            read = self._states.state(head_slot - is_news, not_before=not_before)
            return self._with_proofs(self._read(block, head_slot, history, read), aside or {}, read)

    def without(self, view: KeeperView, aside: Mapping[str, str]) -> KeeperView:
        """The view that was read last with these aside, and proofs of what goes before them."""
        return view if self._seen is None else self._with_proofs(view, aside, self._seen.state)

    def _with_proofs(
        self, view: KeeperView, aside: Mapping[str, str], state: ReadState
    ) -> KeeperView:
        view = replace(view, aside=aside)
        if Kind.EXIT not in self._terms.kinds:
            return view
        indices = indices_to_prove(view)
        absent = tuple(one.index for one in absent_validators(view)[:1])
        if not (indices or absent):
            return view
        return replace(view, exit_proofs=self._prove(indices, absent, state, view.head.slot))

    def _first_useful_slot(self, history: History, head_slot: int) -> int:
        """A state of an older epoch is too old while exits are needed."""
        kept, kinds = self._states.kept, self._terms.kinds
        if kept is None:
            return 0
        first = self._keys.useful_from(history, kept, head_slot) if Kind.PROVE in kinds else 0
        if not (Kind.EXIT in kinds and self._lacks_ether()):
            return first
        network = self._layers.beacon.network
        return max(first, network.first_slot_of(head_slot // network.slots_per_epoch))

    def _lacks_ether(self) -> bool:
        """Whether exits may be needed; in the dead state tickets alone say so."""
        c = self._layers.bindings
        calls = (c.exits.missingWei, c.vault.state, c.queue.owedWei, c.vault.bufferedWei)
        missing, state, owed, buffered = call_many(c.rpc, [call.prepare() for call in calls])
        return bool(missing) or (State(state) is State.DEAD and owed > buffered)

    def _prove(
        self, indices: Sequence[int], absent: Sequence[int], state: ReadState, head_slot: int
    ) -> ExitProofs:
        """Proofs of validators, and of absent ones' balances, that the chain can check now."""
        try:
            prover = state.prover
            root = prover.tree.header_fields.root
            network = self._layers.beacon.network
            timestamp = proving_time(self._layers.rpc, network, state.slot, root, head_slot)
            if timestamp is None:
                return ExitProofs(
                    no_proof="the chain does not know that state's root yet (EIP-4788)"
                )
            block = prover.block(timestamp)
            return ExitProofs(
                {index: (block, *prover.validator(index)) for index in indices},
                {index: (block, *prover.balance(index)[1:]) for index in absent},
            )
        except ProofError as error:
            return ExitProofs(no_proof=str(error))

    def _read(
        self, block: BlockHead, head_slot: int, history: History, read: ReadState
    ) -> KeeperView:
        contracts, network = self._layers.bindings, self._layers.beacon.network
        vault = contracts.vault
        head = Head(
            head_slot,
            block.timestamp,
            block.number,
            network.slot_seconds,
            network.slots_per_epoch,
            block.base_fee_wei,
        )
        state, stakeable, free_wei, credentials = call_many(
            contracts.rpc,
            [
                vault.state.prepare(),
                vault.stakeableValidators.prepare(),
                vault.freeWei.prepare(),
                vault.withdrawalCredentials.prepare(),
            ],
        )
        standing = self._standings.read(block)
        operators = tuple(read_operators(contracts.registry))
        seen = self._see(read, history, credentials)
        is_dead = State(state) is State.DEAD
        return KeeperView(
            terms=self._terms,
            head=head,
            caller=self._caller(),
            state=State(state),
            stakeable_validators=stakeable,
            free_wei=free_wei,
            operators=operators,
            keys=self._read_keys(history, seen.state, credentials, head_slot, operators),
            beacon=seen.standing,
            coffers=seen.coffers,
            exits=self._exits.read(history, len(operators)),
            ballots=self._read_ballots(head, standing),
            rewards=self._rewards() if Kind.REWARDS in self._terms.kinds else None,
            bonds=history.leaving_bonds,
            deadlock=read_deadlock(contracts, head.time, self._account) if is_dead else None,
        )

    def _see(self, state: ReadState, history: History, credentials: bytes) -> _Seen:
        recorded = history.recorded(state.block_number)
        kept = self._seen
        if kept is not None and kept.state is state and kept.staked == len(recorded):
            return kept
        contracts = self._layers.bindings
        period = self._layers.beacon.network.shard_committee_period
        source = contracts.withdrawal_vault.address
        queued = queued_requests(contracts.rpc, state.block_number, source)
        self._seen = _Seen(
            state,
            len(recorded),
            standing_of(state, recorded, credentials, period, queued),
            read_coffers(contracts, state.block_number),
        )
        return self._seen

    def _read_keys(
        self,
        history: History,
        state: ReadState,
        credentials: bytes,
        head_slot: int,
        operators: Sequence[Operator],
    ) -> Keys:
        if Kind.PROVE in self._terms.kinds:
            frozen = {operator.operator_id for operator in operators if operator.frozen}
            return self._keys.read(history, state, credentials, head_slot, frozen)
        return Keys(history.keys_at(Stage.PROVEN))

    def _caller(self) -> Caller:
        rpc = self._layers.bindings.rpc
        return Caller(
            self._account, 0 if self._account is None else balance_wei(rpc, self._account)
        )

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
