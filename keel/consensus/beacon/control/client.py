"""Asks a running chain, and reports the slots that pass while it answers."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from keel.consensus.beacon.control.server import socket_path
from keel.consensus.beacon.errors import BadArgumentError, BeaconError


def ask(
    folder: Path,
    command: str,
    on_slot: Callable[[int, str | None], None] = lambda _slot, _missed: None,
    **arguments: Any,
) -> dict[str, Any]:
    """Return the result of a command; raises BeaconError with the chain's reason to refuse it.

    It is a BadArgumentError where other arguments would do.
    """
    path = socket_path(folder)
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            raise BeaconError(
                f"no beacon chain runs in {folder}: start one with `keel beacon start`"
            ) from error
        with connection.makefile("rwb") as stream:
            stream.write(orjson.dumps({"command": command, "arguments": arguments}) + b"\n")
            stream.flush()
            for line in stream:
                message: dict[str, Any] = orjson.loads(line)
                if "slot" in message:
                    on_slot(message["slot"], message["missed"])
                elif "error" in message:
                    raise (BadArgumentError if message["is_usage"] else BeaconError)(
                        message["error"]
                    )
                else:
                    result: dict[str, Any] = message["result"]
                    return result
    raise BeaconError("the chain ended before it answered")
