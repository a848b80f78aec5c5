"""JSON of SSZ values as the Beacon API has it, chosen by the values' types."""

from functools import singledispatch
from typing import Any

from ssz import BitList, BitVector, Boolean, ByteList, Container

type Json = Any
"""What a JSON document can hold."""


@singledispatch
def encode(value: Any) -> Json:
    """Return the JSON form of an SSZ value, or of objects and arrays that hold some.

    Integers become decimal strings, byte strings and bitfields 0x-prefixed hexadecimal digits of
    their SSZ bytes, containers objects and other collections arrays; booleans and text stay.
    """
    return [encode(element) for element in value]


@encode.register(str)
@encode.register(bool)
def _plain(value: str | bool) -> Json:
    return value


@encode.register
def _boolean(value: Boolean) -> Json:
    return bool(value)


@encode.register
def _integer(value: int) -> Json:
    return str(int(value))


@encode.register
def _bytes(value: bytes) -> Json:
    return "0x" + value.hex()


@encode.register(BitList)
@encode.register(BitVector)
@encode.register(ByteList)
def _packed(value: BitList | BitVector | ByteList) -> Json:
    return "0x" + value.encode_bytes().hex()


@encode.register
def _container(value: Container) -> Json:
    return {name: encode(getattr(value, name)) for name in type(value).model_fields}


@encode.register(dict)
def _object(value: dict[str, Any]) -> Json:
    return {name: encode(each) for name, each in value.items()}
