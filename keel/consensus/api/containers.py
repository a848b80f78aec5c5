"""SSZ types of the API that the specification does not have, made of a chain's own types."""

from typing import Any

from pydantic import create_model
from ssz import Boolean, Container, List

from keel.consensus.beacon.spec import Block, Spec

MOST_HEADERS = 1000


class Containers:
    """The types of one specification, made once."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        # The Beacon API's text has no SSZ of genesis; this order of its fields is Lodestar's.
        self.genesis: Any = _container(
            "Genesis",
            genesis_validators_root=spec.Root,
            genesis_time=spec.Uint64,
            genesis_fork_version=spec.Version,
        )
        self.header: Any = _container(
            "BlockHeaderAnswer",
            root=spec.Root,
            canonical=Boolean,
            header=spec.SignedBeaconBlockHeader,
        )
        listed: Any = List
        limit = {"LIMIT": MOST_HEADERS}
        self.headers: Any = type("BlockHeadersAnswer", (listed[self.header],), limit)
        self._body, self._block, self._signed = _blinded_types(spec)

    def blinded(self, block: Block) -> Any:
        """Return a signed block with its payload's header instead of the payload; same root."""
        message, body = block.message, block.message.body
        parts = {name: getattr(body, name) for name in _fields(body) if name != "execution_payload"}
        header = self._header_of(body.execution_payload)
        return self._signed(
            message=self._block(
                slot=message.slot,
                proposer_index=message.proposer_index,
                parent_root=message.parent_root,
                state_root=message.state_root,
                body=self._body(**parts, execution_payload_header=header),
            ),
            signature=block.signature,
        )

    def _header_of(self, payload: Any) -> Any:
        spec = self._spec
        plain = {
            name: getattr(payload, name)
            for name in _fields(payload)
            if name not in ("transactions", "withdrawals")
        }
        return spec.ExecutionPayloadHeader(
            **plain,
            transactions_root=spec.hash_tree_root(payload.transactions),
            withdrawals_root=spec.hash_tree_root(payload.withdrawals),
        )


def _blinded_types(spec: Spec) -> tuple[Any, Any, Any]:
    """Types of a blinded body, block and signed block: as the full ones, but for the payload."""
    fields: dict[str, Any] = {}
    for name, field in spec.BeaconBlockBody.model_fields.items():
        if name == "execution_payload":
            fields["execution_payload_header"] = spec.ExecutionPayloadHeader
        else:
            fields[name] = field.annotation
    body = _container("BlindedBeaconBlockBody", **fields)
    of_block = {n: f.annotation for n, f in spec.BeaconBlock.model_fields.items()}
    block = _container("BlindedBeaconBlock", **(of_block | {"body": body}))
    signed = _container("SignedBlindedBeaconBlock", message=block, signature=spec.BLSSignature)
    return body, block, signed


def _container(name: str, **fields: Any) -> Any:
    """Declare a container of these fields, in this order."""
    declared = {field: (kind, ...) for field, kind in fields.items()}
    return create_model(name, __base__=Container, **declared)  # type: ignore[call-overload]


def _fields(value: Any) -> Any:
    return type(value).model_fields
