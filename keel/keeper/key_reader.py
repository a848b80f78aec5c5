"""Keys on the way to their stake: what the beacon state shows of them, and how it proves them."""

from keel.chain.rpc import RpcClient
from keel.consensus.state.errors import ProofError
from keel.keeper.state_reader import ReadState
from keel.keeper.view import Keys
from keel.model.key_stage import Stage
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.appearances import Appearances, appearances
from keel.sight.history import History
from keel.sight.key_lives import KeyLife
from keel.sight.key_proofs import KeyProof, key_proofs
from keel.sight.proving_time import proving_time


class KeyReader:
    """Looks for each key once in a state."""

    def __init__(self, rpc: RpcClient, beacon: AgreedBeacon) -> None:
        self._rpc = rpc
        self._beacon = beacon
        self._state: ReadState | None = None
        self._lives: tuple[KeyLife, ...] = ()
        self._shown = Appearances()

    def may_come(self, history: History, state: ReadState) -> bool:
        """Whether a later state than this one may show the validator of a key.

        A key that was predeposited since, or whose deposit was pending in it. One with a void
        signature costs no further state.
        """
        waiting = history.keys_at(Stage.PREDEPOSITED)
        queued = self._shown.queued if self._state is state else ()
        return any(life.block_number > state.block_number or life in queued for life in waiting)

    def read(self, history: History, state: ReadState, credentials: bytes, head_slot: int) -> Keys:
        """Read for a head; raises what the client raises."""
        lives = history.keys_at(Stage.PREDEPOSITED)
        if self._state is not state or self._lives != lives:
            self._shown = appearances(state.encoded, lives, credentials)
            self._state, self._lives = state, lives
        proofs, no_proof = self._proofs(state, head_slot)
        return Keys(
            proven=history.keys_at(Stage.PROVEN),
            foreign=history.keys_at(Stage.FOREIGN),
            shown=self._shown,
            proofs=proofs,
            no_proof=no_proof,
        )

    def _proofs(self, state: ReadState, head_slot: int) -> tuple[tuple[KeyProof, ...], str | None]:
        """Proofs by a state that the chain can check now, else why there are none."""
        if not any(not one.is_leaving for one in self._shown.appeared):
            return (), None
        network, header = self._beacon.network, state.prover.tree.header_fields
        timestamp = proving_time(self._rpc, network, state.slot, header.root, head_slot)
        if timestamp is None:
            return (), (
                "the chain does not know that state's root (EIP-4788): the next block tells it, "
                "unless the beacon node follows another fork"
            )
        try:
            return tuple(key_proofs(state.prover, timestamp, self._shown.appeared)), None
        except ProofError as error:
            return (), str(error)
