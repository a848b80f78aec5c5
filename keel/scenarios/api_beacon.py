"""The consensus layer read over its Beacon API, from another process: time passes by itself."""

import http.client
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from keel.chain.contract import Contract
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.errors import BeaconError
from keel.consensus.beacon.spec import load_spec
from keel.consensus.keys import ValidatorKey
from keel.scenarios.beacon_view import BeaconView, view_of
from keel.scenarios.recorded_keys import RecordedKeys

_JSON = "application/json"
_SSZ = "application/octet-stream"
_NOT_FOUND = 404
_OK = 200
_LOOK_SECONDS = 0.2
_TIMEOUT_SECONDS = 60.0


class ApiBeacon(RecordedKeys):
    """A beacon node at an address; raises BeaconError when it does not answer as it must."""

    def __init__(self, url: str, registry: Contract, first_block: int) -> None:
        super().__init__(registry, first_block)
        self.url = url
        values = self._read("/eth/v1/config/spec")
        fork = self._ask("/eth/v2/beacon/blocks/head", _JSON)[1]
        self._slot_seconds = int(values["SECONDS_PER_SLOT"])
        self._genesis_time = int(self._read("/eth/v1/beacon/genesis")["genesis_time"])
        self._spec = load_spec(ChainConfig(fork=fork, preset=values["PRESET_BASE"]))
        self._views: dict[int, BeaconView] = {}

    @property
    def genesis_time(self) -> int:
        """Time of slot 0."""
        return self._genesis_time

    @property
    def slot_seconds(self) -> int:
        """Length of a slot."""
        return self._slot_seconds

    @property
    def head_slot(self) -> int:
        """Slot of the node's head."""
        return int(self._read("/eth/v1/node/syncing")["head_slot"])

    @property
    def final_slot(self) -> int:
        """First slot of the latest finalised epoch."""
        checkpoints = self._read("/eth/v1/beacon/states/head/finality_checkpoints")
        return int(checkpoints["finalized"]["epoch"]) * int(self._spec.SLOTS_PER_EPOCH)

    def hold_keys(self, keys: Sequence[ValidatorKey]) -> None:
        """The Beacon API takes no keys."""
        raise BeaconError(f"{len(keys)} keys must be given to the node: `ape run beacon add-key`")

    def go_to(self, time: int) -> None:
        """Wait for a slot."""
        while self.head_slot < self.slot_at(time):
            _wait()

    def await_final(self, ref_time: int) -> None:
        """Wait until the node has finalised the reference slot."""
        while self.final_slot <= self.slot_at(ref_time):
            _wait()

    def deposits_in(self, slot: int) -> Iterator[tuple[bytes, int]]:
        """Public keys and gwei of the deposits in a slot's block."""
        found, _ = self._ask(f"/eth/v2/beacon/blocks/{slot}", _SSZ, may_miss=True)
        if found:
            block = self._spec.ssz_deserialize(self._spec.SignedBeaconBlock, found)
            for deposit in block.message.body.execution_requests.deposits:
                yield bytes(deposit.pubkey), int(deposit.amount)

    def view(self, slot: int) -> BeaconView:
        """Read the state of a slot as SSZ; a chain with one proposer a slot does not change it."""
        if slot not in self._views:
            encoded, _ = self._ask(f"/eth/v2/debug/beacon/states/{slot}", _SSZ)
            state = self._spec.ssz_deserialize(self._spec.BeaconState, encoded)
            self._views[slot] = view_of(self._spec, state)
        return self._views[slot]

    def _read(self, path: str) -> Any:
        return orjson.loads(self._ask(path, _JSON)[0])["data"]

    def _ask(self, path: str, content: str, *, may_miss: bool = False) -> tuple[bytes, Any]:
        """Return the body, empty for what may miss and does, and the fork that it is of."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS
        )
        try:
            connection.request("GET", path, headers={"Accept": content})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BeaconError(f"no Beacon API answers at {self.url}: {error}") from error
        finally:
            connection.close()
        if answer.status == _NOT_FOUND and may_miss:
            return b"", None
        if answer.status != _OK:
            raise BeaconError(f"{self.url}{path} answers with status {answer.status}")
        return body, answer.getheader("Eth-Consensus-Version")


def _wait() -> None:
    time.sleep(_LOOK_SECONDS)
