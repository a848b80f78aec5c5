"""Keys on the way to their stake and from it: what a beacon state shows, and how it proves that."""

from collections.abc import Collection
from dataclasses import replace

from keel.chain.rpc import RpcClient
from keel.consensus.state.errors import ProofError
from keel.keeper.state_reader import ReadState
from keel.keeper.view import Keys
from keel.model.key_stage import Stage
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.errors import NodeError
from keel.sight.appearances import Appearances, appearances
from keel.sight.departures import LIVE_STAGES, Departed, departure_proofs, departures
from keel.sight.history import History
from keel.sight.key_lives import KeyLife
from keel.sight.key_proofs import key_proofs
from keel.sight.proving_time import proving_time


class KeyReader:
    """Looks for each key once in a state, and says when a newer state is worth its download."""

    def __init__(self, rpc: RpcClient, beacon: AgreedBeacon) -> None:
        self._rpc = rpc
        self._beacon = beacon
        self._state: ReadState | None = None
        self._waiting: tuple[KeyLife, ...] = ()
        self._live: tuple[KeyLife, ...] = ()
        self._shown = Appearances()
        self._departed: tuple[Departed, ...] = ()
        self._asked: tuple[int, tuple[bytes, ...]] | None = None
        self._has_come = False
        self._blind: str | None = None

    def useful_from(self, history: History, state: ReadState, head_slot: int) -> int:
        """First slot whose state shows more than this one does; 0 when none shows anything.

        Of those before the head: the chain can check a proof by them now. A state that is newer
        could be replaced by the next before it proves anything. The nodes are asked for little:
        which validators are slashed, at each head, and in each epoch which waiting keys have one.
        Without answer `Keys.blind` says so: then the next state comes by its age.
        """
        self._blind = None
        try:
            provable_slot = head_slot - 1
            if self._is_news(history, provable_slot):
                return provable_slot
            return self._epoch_of_arrival(history, state, provable_slot)
        except NodeError as error:
            self._blind = str(error)
            return 0

    def read(
        self,
        history: History,
        state: ReadState,
        credentials: bytes,
        head_slot: int,
        frozen: Collection[int] = (),
    ) -> Keys:
        """Read for a head; `frozen` are operators. Raises what the client raises."""
        waiting = history.keys_at(Stage.PREDEPOSITED)
        live = tuple(life for stage in LIVE_STAGES for life in history.keys_at(stage))
        is_new = self._state is not state
        if is_new or self._waiting != waiting:
            self._shown = appearances(state.encoded, waiting, credentials)
        if is_new or self._live != live:
            self._departed = departures(state.encoded, live)
        self._state, self._waiting, self._live = state, waiting, live
        keys = Keys(
            proven=history.keys_at(Stage.PROVEN),
            foreign=history.keys_at(Stage.FOREIGN),
            shown=self._shown,
            departed=self._departed,
            blind=self._blind,
        )
        return self._with_proofs(keys, state, head_slot, frozen)

    def _is_news(self, history: History, slot: int) -> bool:
        """Whether a staked validator is slashed that the state has not as slashed."""
        staked = {life.pubkey for life in history.keys_at(Stage.STAKED)}
        if not staked:
            return False
        shown = {one.life.pubkey for one in self._departed if one.is_slashed}
        return not self._beacon.slashed_keys(slot) & staked <= shown

    def _epoch_of_arrival(self, history: History, state: ReadState, slot: int) -> int:
        """First slot of this epoch, if a key that the state does not show has a validator now.

        Validators come with epochs. A predeposit with a void signature never has one.
        """
        network = self._beacon.network
        first_slot = network.first_slot_of(slot // network.slots_per_epoch)
        queued = self._shown.queued if self._state is state else ()
        waiting = tuple(
            life.pubkey
            for life in history.keys_at(Stage.PREDEPOSITED)
            if life.block_number > state.block_number or life in queued
        )
        if not waiting or state.slot >= first_slot:
            return 0
        if self._asked != (first_slot, waiting):
            self._has_come = bool(self._beacon.known_keys(slot, waiting))
            self._asked = first_slot, waiting
        return first_slot if self._has_come else 0

    def _with_proofs(
        self, keys: Keys, state: ReadState, head_slot: int, frozen: Collection[int]
    ) -> Keys:
        """Proofs by a state that the chain can check now, else why there are none."""
        appeared = [one for one in keys.shown.appeared if not one.is_leaving]
        if not appeared and not keys.departed:
            return keys
        try:
            prover = state.prover
            root = prover.tree.header_fields.root
            time = proving_time(self._rpc, self._beacon.network, state.slot, root, head_slot)
            if time is None:
                why = (
                    "the chain does not know that state's root (EIP-4788): the next block tells "
                    "it, unless the beacon node follows another fork"
                )
                return replace(keys, no_proof=why)
            return replace(
                keys,
                proofs=tuple(key_proofs(prover, time, appeared, frozen)),
                departures=tuple(departure_proofs(prover, time, keys.departed)),
            )
        except ProofError as error:
            return replace(keys, no_proof=str(error))
