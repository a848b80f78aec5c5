"""One beacon node, read over the standard Beacon API: nothing that only some client serves."""

import io
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from keel.chain.certificates import authorities
from keel.chain.closeable import Closing
from keel.chain.endpoint import endpoint
from keel.nodes.errors import NodeError, NodeRefusalError, NodeSilentError, public_name
from keel.nodes.network import NetworkFacts, network_facts, read_bytes

GIBIBYTE = 1024**3
_JSON = "application/json"
_SSZ = "application/octet-stream"
_JSON_BYTES = 16 * 1024**2
_MESSAGE_BYTES = 64 * 1024
_LIST_BYTES = 64 * 1024**2
_SLASHED = "status=active_slashed,exited_slashed"
_OK = 200
_NOT_FOUND = 404
_NOT_COUNTED = {
    "is_syncing": "it is still syncing",
    "is_optimistic": "it is optimistic: its execution client has not checked the head",
    "el_offline": "its execution client is offline",
}


@dataclass(frozen=True, slots=True)
class StateLimits:
    """How long a state may take as a whole, and how large it may be: 150 MB on mainnet today."""

    seconds: float = 300.0
    most_bytes: int = 2 * GIBIBYTE


@dataclass(frozen=True, slots=True)
class Head:
    """The latest block that a node follows."""

    slot: int
    root: bytes


@dataclass(frozen=True, slots=True)
class NoRoot:
    """A node has no root for a slot, in its own words; it may serve the state."""

    problem: str


class BeaconNode(Closing):
    """A node at an address; every method raises NodeError.

    `timeout_seconds` bounds connecting, the pause between two bytes, and answers other than states
    as a whole. Heads, checkpoints and roots of a node that is syncing or optimistic are refused.
    """

    def __init__(
        self, url: str, timeout_seconds: float = 10.0, limits: StateLimits | None = None
    ) -> None:
        self.url = public_name(url)
        self.timeout_seconds = timeout_seconds
        self.limits = limits or StateLimits()
        self._endpoint = endpoint(url)
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False, verify=authorities())

    def network(self) -> NetworkFacts:
        """Genesis and configuration."""
        genesis = self._read("/eth/v1/beacon/genesis")["data"]
        config_path = "/eth/v1/config/spec"
        config = self._read(config_path)["data"]
        try:
            return network_facts(genesis, config)
        except (KeyError, TypeError, ValueError) as error:
            raise NodeError(self.url, f"{config_path} cannot be used: {_said(error)}") from error

    def synced_slot(self) -> int:
        """Slot of the head of a node that is in sync."""
        path = "/eth/v1/node/syncing"
        data = self._read(path)["data"]
        for flag, problem in _NOT_COUNTED.items():
            if self._field(path, data, flag) not in (False, None):
                raise NodeError(self.url, problem)
        return self._number(path, data, "head_slot")

    def head(self) -> Head:
        """Latest block."""
        self.synced_slot()
        path = "/eth/v1/beacon/headers/head"
        data = self._verified(path)
        message = self._field(path, self._field(path, data, "header"), "message")
        return Head(self._number(path, message, "slot"), self._root(path, data))

    def finalised_epoch(self) -> int:
        """Epoch of the latest finalised checkpoint."""
        self.synced_slot()
        path = "/eth/v1/beacon/states/head/finality_checkpoints"
        checkpoint = self._field(path, self._verified(path), "finalized")
        return self._number(path, checkpoint, "epoch")

    def finalised_slot(self) -> int:
        """First slot of the latest finalised epoch."""
        return self.network().first_slot_of(self.finalised_epoch())

    def state_root(self, slot: int) -> "bytes | NoRoot":
        """Root of the state of a slot; of a missed slot, the state advanced to it.

        Some clients have no root for a state that is final, or whose slot was missed. If the slot
        has a block, its header names the root as well; otherwise the answer is NoRoot.
        """
        path = f"/eth/v1/beacon/states/{slot}/root"
        try:
            return self._root(path, self._verified(path))
        except NodeRefusalError as error:
            refused = error.problem
        path = f"/eth/v1/beacon/headers/{slot}"
        try:
            data = self._verified(path)
        except NodeRefusalError:
            return NoRoot(refused)
        message = self._field(path, self._field(path, data, "header"), "message")
        if self._number(path, message, "slot") != slot or data.get("canonical") is False:
            return NoRoot(refused)
        return self._root(path, message, "state_root")

    def state_ssz(self, slot: int) -> tuple[str, bytes]:
        """Name of the fork, and the state of a slot as SSZ bytes, which nothing has checked."""
        path = f"/eth/v2/debug/beacon/states/{slot}"
        headers, data = self._ask(path, _SSZ, self.limits.seconds, self.limits.most_bytes)
        fork = headers.get("Eth-Consensus-Version", "")
        if not fork or headers.get("Content-Type", "").partition(";")[0].strip() != _SSZ:
            raise NodeError(self.url, f"the answer to {path} is not SSZ of a named fork")
        return fork.lower(), data

    def slashed_keys(self, slot: int) -> frozenset[bytes]:
        """Public keys of slashed validators that are not withdrawable yet, by a slot's state."""
        path = f"/eth/v1/beacon/states/{slot}/validators?{_SLASHED}"
        return self._keys(path, self._verified(path), only_slashed=True)

    def known_keys(self, slot: int, pubkeys: Collection[bytes]) -> frozenset[bytes]:
        """Those of some public keys, one at least, that have a validator in a slot's state."""
        path = f"/eth/v1/beacon/states/{slot}/validators"
        body = {"ids": [f"0x{pubkey.hex()}" for pubkey in pubkeys]}
        return self._keys(path, self._verified(path, body)) & frozenset(pubkeys)

    def data(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """`data` of any JSON answer, which nothing has checked; a `body` is posted."""
        return self._read(path, body, _LIST_BYTES)["data"]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _verified(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return `data` of an answer that does not call itself optimistic."""
        answer = self._read(path, body)
        if answer.get("execution_optimistic", False) is not False:
            raise NodeError(self.url, _NOT_COUNTED["is_optimistic"])
        return answer["data"]

    def _read(
        self, path: str, body: Mapping[str, Any] | None = None, most_bytes: int = _JSON_BYTES
    ) -> dict[str, Any]:
        _, content = self._ask(path, _JSON, self.timeout_seconds, most_bytes, body)
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise NodeError(self.url, f"the answer to {path} is not JSON") from error
        if not isinstance(answer, dict) or "data" not in answer:
            raise NodeError(self.url, f"the answer to {path} has no data")
        return answer

    def _ask(
        self,
        path: str,
        content: str,
        seconds: float,
        most_bytes: int,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[Mapping[str, str], bytes]:
        headers = {
            "Accept": content,
            "Accept-Encoding": "identity",
            **self._endpoint.headers,
        }
        target = self.url + self._endpoint.target(path)
        deadline = time.monotonic() + seconds
        method = "GET" if body is None else "POST"
        try:
            with self._client.stream(method, target, headers=headers, json=body) as answer:
                if answer.status_code != _OK:
                    said = self._body(answer, path, deadline, _MESSAGE_BYTES)
                    raise NodeRefusalError(self.url, _refusal(path, answer.status_code, said))
                return answer.headers, self._body(answer, path, deadline, most_bytes)
        except httpx.TimeoutException as error:
            raise NodeSilentError(
                self.url, f"no answer to {path} within {self.timeout_seconds:g} s"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, RuntimeError, OSError) as error:
            raise NodeSilentError(self.url, f"{path} cannot be read: {_said(error)}") from error

    def _body(self, answer: httpx.Response, path: str, deadline: float, most_bytes: int) -> bytes:
        """Collect the body without a second copy of it."""
        body = io.BytesIO()
        for piece in answer.iter_raw():
            body.write(piece)
            if body.tell() > most_bytes:
                raise NodeError(self.url, f"{path} is larger than {most_bytes} bytes")
            if time.monotonic() > deadline:
                raise NodeSilentError(self.url, f"the answer to {path} is not complete in time")
        return body.getvalue()

    def _field(self, path: str, data: Any, name: str) -> Any:
        if not isinstance(data, dict):
            raise NodeError(self.url, f"the answer to {path} has no {name}")
        return data.get(name)

    def _keys(self, path: str, data: Any, *, only_slashed: bool = False) -> frozenset[bytes]:
        if not isinstance(data, list):
            raise NodeError(self.url, f"the answer to {path} has no validators")
        found = [self._field(path, entry, "validator") for entry in data]
        if only_slashed:
            found = [each for each in found if self._field(path, each, "slashed") is True]
        try:
            return frozenset(read_bytes(self._field(path, each, "pubkey"), 48) for each in found)
        except ValueError as error:
            raise NodeError(self.url, f"the answer to {path} has no public key") from error

    def _number(self, path: str, data: Any, name: str) -> int:
        text = self._field(path, data, name)
        if not isinstance(text, str) or not text.isascii() or not text.isdigit():
            raise NodeError(self.url, f"the answer to {path} has no number as {name}")
        if len(text) > 20:
            raise NodeError(self.url, f"the answer to {path} has {name} above 64 bits")
        return int(text)

    def _root(self, path: str, data: Any, name: str = "root") -> bytes:
        try:
            return read_bytes(self._field(path, data, name), 32)
        except ValueError as error:
            raise NodeError(self.url, f"the answer to {path} has no root") from error


def _refusal(path: str, status: int, body: bytes) -> str:
    text = (
        f"it does not have {path}" if status == _NOT_FOUND else f"{path} fails with status {status}"
    )
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return text
    said = answer.get("message") if isinstance(answer, dict) else None
    return f"{text}: {' '.join(str(said).split())}" if said else text


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
