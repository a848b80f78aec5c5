"""The story on disk: the saved chain, and next to it what another client needs to replay it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.disk import save_chain
from keel.consensus.beacon.errors import DataFolderError
from keel.consensus.beacon.spec import Spec
from keel.consensus.crosscheck.findings import Expected

RECORD = "crosscheck.json"
NEVER = 2**64 - 1
_LATER_FORKS = ("FULU", "GLOAS")


def record_story(chain: BeaconChain, folder: Path) -> None:
    """Write the chain by `save_chain`, with `crosscheck.json`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    save_chain(chain, folder)
    record = {
        "fork": chain.config.fork,
        "config": config_document(chain.spec),
        "blocks": len(chain.store.blocks),
        "head_slot": chain.slot,
        "head_state_root": bytes(chain.spec.hash_tree_root(chain.state)).hex(),
    }
    (folder / RECORD).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2))


def read_record(folder: Path) -> Expected:
    """Return what a replay of the folder has to come to; raises DataFolderError."""
    try:
        record = orjson.loads((folder / RECORD).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        told = "a check without --recorded makes one"
        raise DataFolderError(f"{folder} holds no recorded story: {told}") from error
    return Expected(record["blocks"], record["head_slot"], record["head_state_root"])


def config_document(spec: Spec) -> dict[str, Any]:
    """Return the specification's configuration as the Beacon API writes it: numbers as text.

    Forks that the specification's module does not know yet never happen.
    """
    document = {f"{fork}_FORK_EPOCH": str(NEVER) for fork in _LATER_FORKS}
    return document | {name: _shown(value) for name, value in spec.config._asdict().items()}


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Mapping):
        return {name: _shown(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_shown(entry) for entry in value]
    return "0x" + bytes(value).hex()
