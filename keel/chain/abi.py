"""Contract ABIs as values: encode calls, decode results, logs and custom errors.

Results come as int, bool, str, bytes, tuple (named tuple where the ABI names the parts) and
checksummed addresses; what is no UTF-8 in a string comes as U+FFFD. Arguments are the same; a
struct may also be a mapping by field name, and anything with an `address` attribute serves as an
address.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Protocol, cast

from eth_abi.abi import encode
from eth_abi.codec import ABIDecoder
from eth_abi.decoding import StringDecoder
from eth_abi.registry import ABIRegistry
from eth_abi.registry import registry as eth_abi_registry
from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address
from eth_utils.crypto import keccak

from keel.chain.errors import ChainError

# Whoever may write a string on chain may write bytes that are no UTF-8. eth-abi is not typed here.
_text: Any = StringDecoder
_registry: ABIRegistry = cast(Any, eth_abi_registry).copy()
_registry.unregister_decoder("string")
_registry.register_decoder("string", _text(handle_string_errors="replace"))
_DECODER = ABIDecoder(_registry)
_SHOWN_MOST = 60

type AbiEntry = Mapping[str, Any]
"""One entry of a Solidity JSON ABI."""


class Addressed(Protocol):
    """What has an address: a contract or an account."""

    @property
    def address(self) -> str:
        """Checksummed address."""


type AddressLike = str | Addressed
"""What serves as an argument of type address."""

type Struct = Mapping[str, Any] | Sequence[Any]
"""What serves as a struct: its fields by name or in order."""


class AbiMismatchError(ChainError):
    """The ABI has no such function, event or error, or several that fit."""


@lru_cache(maxsize=65_536)
def checksummed(address: str) -> str:
    """Return the EIP-55 form of an address given in any case."""
    return str(to_checksum_address(address))


def real_address(text: str) -> str:
    """Return the EIP-55 form of an address that people gave, never zero; raises ValueError."""
    if not is_hex_address(text):
        shown = text if len(text) <= _SHOWN_MOST else f"{text[:_SHOWN_MOST]}..."
        raise ValueError(f"{shown!r} is not an address")
    digits = text.removeprefix("0x")
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(text):
        raise ValueError(f"{text!r} is mistyped: its capital letters do not match (EIP-55)")
    if not int(text, 16):
        raise ValueError("the zero address cannot be used as an account")
    return checksummed(text)


@dataclass(frozen=True, slots=True)
class CustomError:
    """A Solidity custom error with its inputs by name (by position where unnamed)."""

    name: str
    inputs: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={_shown(v)}' for k, v in self.inputs.items())})"


@dataclass(frozen=True, slots=True)
class Log:
    """A log entry as the chain returns it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    log_index: int
    block_number: int
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log; an indexed string, array or struct appears as its hash."""

    name: str
    inputs: Mapping[str, Any]
    log: Log = field(repr=False)


class Signature:
    """Name and parameters of a function, event or error, with coders for the parameters."""

    def __init__(self, name: str, parameters: Sequence[AbiEntry]) -> None:
        self.name = name
        self.names = tuple(p.get("name") or str(i) for i, p in enumerate(parameters))
        self.types = tuple(canonical_type(p) for p in parameters)
        self.text = f"{name}({','.join(self.types)})"
        self._parameters = parameters

    @cached_property
    def hash(self) -> bytes:
        """Keccak-256 of the text, an event's first topic."""
        return bytes(keccak(text=self.text))

    @property
    def selector(self) -> bytes:
        """First four bytes of calldata or of an error's data."""
        return self.hash[:4]

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """ABI-encode the arguments, without selector."""
        values = [write(v) for write, v in zip(self._writers, arguments, strict=True)]
        return encode(self.types, values)

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Decode ABI-encoded values, without selector."""
        values = _DECODER.decode(self.types, data)
        return tuple(read(v) for read, v in zip(self._readers, values, strict=True))

    def decode_named(self, data: bytes) -> dict[str, Any]:
        """Like decode, by parameter name."""
        return dict(zip(self.names, self.decode(data), strict=True))

    @cached_property
    def _readers(self) -> tuple[Callable[[Any], Any], ...]:
        return tuple(_reader(p, p["type"]) for p in self._parameters)

    @cached_property
    def _writers(self) -> tuple[Callable[[Any], Any], ...]:
        return tuple(_writer(p, p["type"]) for p in self._parameters)


class AbiFunction:
    """One function of an ABI."""

    def __init__(self, entry: AbiEntry) -> None:
        self._outputs = entry.get("outputs", ())
        self.inputs = Signature(entry["name"], entry.get("inputs", ()))
        self.outputs = Signature("", self._outputs)

    def encode_call(self, arguments: Sequence[Any]) -> bytes:
        """Return the calldata."""
        return self.inputs.selector + self.inputs.encode(arguments)

    def decode_result(self, data: bytes) -> Any:
        """Return None, the one value, or a tuple of several."""
        values = self.outputs.decode(data)
        if self._pack is not None:
            return self._pack(values)
        return values[0] if values else None

    @cached_property
    def _pack(self) -> Callable[[Iterable[Any]], tuple[Any, ...]] | None:
        return _tuple_type(self._outputs) if len(self._outputs) > 1 else None


class AbiEvent:
    """One event of an ABI."""

    def __init__(self, entry: AbiEntry) -> None:
        inputs = entry.get("inputs", ())
        self.signature = Signature(entry["name"], inputs)
        indexed = [_indexed_form(p) for p in inputs if p.get("indexed")]
        self._indexed = [Signature("", [p]) for p in indexed]
        self._plain = Signature("", [p for p in inputs if not p.get("indexed")])
        self._is_indexed = [bool(p.get("indexed")) for p in inputs]
        self.topic_count = 1 + len(indexed)

    def decode(self, log: Log) -> Event:
        """Return the event with its inputs in the order of the ABI."""
        topics = iter(zip(self._indexed, log.topics[1:], strict=True))
        plain = iter(self._plain.decode(log.data))
        inputs: dict[str, Any] = {}
        for name, is_indexed in zip(self.signature.names, self._is_indexed, strict=True):
            if is_indexed:
                signature, topic = next(topics)
                (inputs[name],) = signature.decode(topic)
            else:
                inputs[name] = next(plain)
        return Event(self.signature.name, inputs, log)


class Abi:
    """Functions, events and errors of one or several JSON ABIs.

    What is hashed or built from an entry is so when it is first used: a service binds all contracts
    and uses few of their entries.
    """

    def __init__(self, *abis: Iterable[AbiEntry]) -> None:
        self.functions: dict[str, dict[str, AbiFunction]] = {}
        self._events: list[AbiEntry] = []
        self._errors: list[Signature] = []
        self.constructor = Signature("", ())
        for entry in (entry for abi in abis for entry in abi):
            kind = entry.get("type", "function")
            if kind == "function":
                function = AbiFunction(entry)
                self.functions.setdefault(entry["name"], {})[function.inputs.text] = function
            elif kind == "event" and not entry.get("anonymous"):
                self._events.append(entry)
            elif kind == "error":
                self._errors.append(Signature(entry["name"], entry.get("inputs", ())))
            elif kind == "constructor":
                self.constructor = Signature("", entry.get("inputs", ()))

    def know_errors_of(self, other: "Abi") -> None:
        """Take over the custom errors of another ABI, before the first is decoded."""
        self._errors += other._errors

    @cached_property
    def events(self) -> dict[bytes, AbiEvent]:
        """Events by their first topic."""
        events = [AbiEvent(entry) for entry in self._events]
        return {event.signature.hash: event for event in events}

    @cached_property
    def errors(self) -> dict[bytes, Signature]:
        """Custom errors by their selector."""
        return {error.selector: error for error in self._errors}

    def function(self, name: str, argument_count: int) -> AbiFunction:
        """Find a function by name or, if overloaded by types, by signature `name(types)`."""
        candidates = list(self.functions.get(name.partition("(")[0], {}).values())
        if "(" in name:
            fitting = [f for f in candidates if f.inputs.text == name]
        else:
            fitting = [f for f in candidates if len(f.inputs.types) == argument_count]
        if len(fitting) != 1:
            known = ", ".join(f.inputs.text for f in candidates) or "no such name"
            raise AbiMismatchError(
                f"{name} with {argument_count} arguments matches none of: {known}"
            )
        return fitting[0]

    def decode_error(self, data: bytes) -> CustomError | None:
        """Return the custom error of revert data, None when the ABI does not know it."""
        signature = self.errors.get(data[:4])
        if signature is None:
            return None
        return CustomError(signature.name, signature.decode_named(data[4:]))

    def topic(self, event: str) -> bytes:
        """First topic of an event's logs; raises AbiMismatchError."""
        for topic, known in self.events.items():
            if known.signature.name == event:
                return topic
        raise AbiMismatchError(f"the contract has no event {event}")

    def decode_log(self, log: Log) -> Event | None:
        """Return the event of a log, None when the ABI does not know it."""
        event = self.events.get(log.topics[0]) if log.topics else None
        if event is None or event.topic_count != len(log.topics):
            return None
        return event.decode(log)


def canonical_type(parameter: AbiEntry) -> str:
    """Return the type as it stands in signatures, structs spelled out."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    parts = ",".join(canonical_type(c) for c in parameter["components"])
    return f"({parts}){kind.removeprefix('tuple')}"


def _indexed_form(parameter: AbiEntry) -> AbiEntry:
    kind = str(parameter["type"])
    by_hash = kind in ("string", "bytes") or kind.endswith("]") or kind.startswith("tuple")
    return {"name": parameter["name"], "type": "bytes32"} if by_hash else parameter


def _tuple_type(parameters: Sequence[AbiEntry]) -> Callable[[Iterable[Any]], tuple[Any, ...]]:
    names = [p.get("name") for p in parameters]
    if not all(names):
        return tuple
    create: Callable[..., Any] = namedtuple  # its own type wants literal names
    make: Callable[[Iterable[Any]], tuple[Any, ...]] = create("Values", names, rename=True)._make
    return make


def _reader(parameter: AbiEntry, kind: str) -> Callable[[Any], Any]:
    """Turn what eth-abi decodes into the values promised above."""
    if kind.endswith("]"):
        read = _reader(parameter, kind[: kind.rindex("[")])
        return lambda values: tuple(map(read, values))
    if kind == "tuple":
        components = parameter["components"]
        readers = [_reader(c, c["type"]) for c in components]
        make = _tuple_type(components)
        return lambda values: make(r(v) for r, v in zip(readers, values, strict=True))
    return checksummed if kind == "address" else _same


def _writer(parameter: AbiEntry, kind: str) -> Callable[[Any], Any]:
    """Turn the accepted arguments into what eth-abi encodes."""
    if kind.endswith("]"):
        write = _writer(parameter, kind[: kind.rindex("[")])
        return lambda values: [write(v) for v in values]
    if kind == "tuple":
        components = parameter["components"]
        names = [c["name"] for c in components]
        writers = [_writer(c, c["type"]) for c in components]

        def write_struct(value: Any) -> list[Any]:
            parts = [value[n] for n in names] if isinstance(value, Mapping) else value
            return [w(v) for w, v in zip(writers, parts, strict=True)]

        return write_struct
    return _address if kind == "address" else _same


def _same(value: Any) -> Any:
    return value


def _address(value: Any) -> Any:
    return getattr(value, "address", value)


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
