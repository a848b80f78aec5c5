"""What commands take: every argument is checked before anything acts on it."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)

from keel.chain.abi import real_address
from keel.consensus.beacon.control.limits import MOST_SLOTS
from keel.consensus.beacon.errors import BadArgumentError
from keel.consensus.keys import CURVE_ORDER

_SHOWN_MOST = 60
_PUBKEY = re.compile(r"(0x)?[0-9a-fA-F]{1,96}")
_SECRET = re.compile(r"(0x)?[0-9a-fA-F]{1,64}")
_UINT64_MAX = 2**64 - 1
_MOST_WEI = 2**96 - 1


def _pubkey(text: str) -> str:
    if not _PUBKEY.fullmatch(text):
        raise ValueError(
            f"{_shown(text)} is not a public key: its 96 hexadecimal digits, or the first of them"
        )
    return text


def _wei(number: object) -> object:
    is_text = isinstance(number, str) and re.fullmatch("[0-9]{1,30}", number)
    return int(str(number)) if is_text else number


def _secret(text: object) -> int:
    is_whole = isinstance(text, str) and _SECRET.fullmatch(text)
    secret = int(str(text), 16) if is_whole else 0
    if not 0 < secret < CURVE_ORDER:
        # The value stays unsaid: it may be a real key with a slip of the hand.
        raise ValueError("no secret key: a hexadecimal number below the curve's order is expected")
    return secret


Index = Annotated[int, Field(ge=0, le=_UINT64_MAX)]
"""Whether the state has such a validator is the command's to check."""

Slot = Annotated[int, Field(ge=0, le=_UINT64_MAX)]
Slots = Annotated[int, Field(ge=1, le=MOST_SLOTS)]
Gwei = Annotated[int, Field(ge=1, le=_UINT64_MAX)]
DepositGwei = Annotated[int, Field(ge=10**9, le=_UINT64_MAX)]
Wei = Annotated[int, Field(ge=0, le=_MOST_WEI), BeforeValidator(_wei)]
"""Digits of a text too, since integers of JSON end at 64 bits."""

Address = Annotated[str, AfterValidator(real_address)]
Secret = Annotated[int, BeforeValidator(_secret)]
PublicKey = Annotated[str, AfterValidator(_pubkey)]
"""A public key of 48 bytes in hexadecimal digits, or its beginning."""

Name = Annotated[str, Field(min_length=1, max_length=100)]
GoalName = Literal["active", "paid"]
Offence = Literal["double-proposal", "double-vote", "surround-vote"]


def checked(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Check the arguments of a command by the types it names; raises BadArgumentError.

    The first parameter is the command's desk and is not among them.
    """
    model = _model(function)
    try:
        checked_arguments = model.model_validate(arguments)
    except ValidationError as error:
        raise BadArgumentError(f"{function.__name__}: {_first_fault(error)}") from None
    return {name: getattr(checked_arguments, name) for name in model.model_fields}


@cache
def _model(function: Callable[..., Any]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    _, *names = inspect.signature(function).parameters
    fields: dict[str, Any] = {name: (hints[name], ...) for name in names}
    config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
    return create_model(function.__name__, __config__=config, **fields)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    name = ".".join(str(part) for part in fault["loc"])
    match fault["type"]:
        case "missing":
            return f"{name} is missing"
        case "extra_forbidden":
            return f"it has no argument {name[:_SHOWN_MOST]}"
        case "value_error":
            return f"{name}: {fault['msg'].removeprefix('Value error, ')}"
    problem = fault["msg"].replace("Input should", "must").replace("String should", "must")
    return f"{name} = {_shown(fault['input'])}: {problem}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_MOST else f"{text[:_SHOWN_MOST]}..."
