"""Write the contracts' functions as mypy sees them, from their ABIs, whatever their language.

keel/deploy/contracts.py has the core, keel/market/contracts.py what stands beside it.

`make types` runs it after the contracts' interfaces have changed; a test fails until then.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.deploy.artifacts import artifact_named, load_artifacts
from keel.deploy.bindings import CONTRACT_NAMES
from keel.deploy.plan import abi_artifact

CORE = REPOSITORY_ROOT / "keel" / "deploy" / "contracts.py"
MARKET = REPOSITORY_ROOT / "keel" / "market" / "contracts.py"
_MARKET_NAMES = (
    "LstRouter",
    "MarketFeed",
    "MorphoOracle",
    "PushFeed",
    "RateFeed",
    "RestakedEther",
    "StablePool",
    "StablePrice",
    "UniswapPrice",
    "YieldAdapter",
)
_HEAD = '''"""The contracts' functions with their types; written by `make types` from the ABIs.

A call is a read, `send` a transaction: `vault.balanceOf(holder)`, `vault.deposit.send(...)`. The
first type is the result's, the others are the arguments'. Structs and several results come as
named tuples with these fields; functions that share a name are not checked.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keel.chain.abi import AddressLike, Struct
from keel.chain.contract import Contract, Function
'''
_PLAIN = {"bool": "bool", "string": "str"}


def written(abis: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the module's source for these JSON ABIs by contract name."""
    records: dict[str, str] = {}
    classes = [_contract(name, entries, records) for name, entries in abis.items()]
    return _formatted("\n\n".join([_HEAD, *records.values(), *classes]))


def current() -> dict[Path, str]:
    """Return the source of each module that the compiled contracts ask for."""
    artifacts = load_artifacts()
    core = {name: abi_artifact(artifacts, name).abi_entries for name in CONTRACT_NAMES.values()}
    market = {name: artifact_named(artifacts, name).abi_entries for name in _MARKET_NAMES}
    return {CORE: written(core), MARKET: written(market)}


def _formatted(source: str) -> str:
    unused_imports = ["check", "--quiet", "--fix-only", "--select", "F401"]
    for step in (unused_imports, ["format"]):
        command = [sys.executable, "-m", "ruff", *step, "--stdin-filename", CORE.name, "-"]
        done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
        source = done.stdout
    return source


def _contract(name: str, entries: Sequence[Mapping[str, Any]], records: dict[str, str]) -> str:
    functions: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        if entry.get("type") == "function":
            functions.setdefault(str(entry["name"]), []).append(entry)
    lines = [
        f"    {function}: {_function(name, same, records)}"
        for function, same in sorted(functions.items())
    ]
    return "\n".join(
        [f"class {name}(Contract):", f'    """{name} on one chain."""', "", *lines, ""]
    )


def _function(contract: str, same: Sequence[Mapping[str, Any]], records: dict[str, str]) -> str:
    if len(same) > 1:
        return "Function[Any, *tuple[Any, ...]]"
    (function,) = same
    arguments = [_argument(p, p["type"]) for p in function["inputs"]]
    return f"Function[{', '.join([_result(contract, function, records), *arguments])}]"


def _result(contract: str, function: Mapping[str, Any], records: dict[str, str]) -> str:
    outputs = function["outputs"]
    if not outputs:
        return "None"
    if len(outputs) == 1:
        return _value(outputs[0], outputs[0]["type"], records)
    if all(output.get("name") for output in outputs):
        title = f"{contract}{function['name'][0].upper()}{function['name'][1:]}"
        return _record(title, outputs, records)
    values = ", ".join(_value(output, output["type"], records) for output in outputs)
    return f"tuple[{values}]"


def _value(parameter: Mapping[str, Any], kind: str, records: dict[str, str]) -> str:
    if kind.endswith("]"):
        return f"tuple[{_value(parameter, kind[: kind.rindex('[')], records)}, ...]"
    if kind == "tuple":
        return _record(_title(str(parameter["internalType"])), parameter["components"], records)
    return "str" if kind == "address" else _plain(kind)


def _title(internal_type: str) -> str:
    """`struct IWithdrawalQueue.Ticket[]` is WithdrawalQueueTicket."""
    return re.sub(r"^struct (I(?=[A-Z]))?|\[\d*\]|\.", "", internal_type)


def _record(title: str, fields: Sequence[Mapping[str, Any]], records: dict[str, str]) -> str:
    lines = [
        f"    {f['name']}: {_value(f, f['type'], records)}{_hidden(f['name'])}" for f in fields
    ]
    source = "\n".join([f"class {title}(NamedTuple):", f'    """{title}."""', "", *lines, ""])
    if records.setdefault(title, source) != source:
        raise ValueError(f"two structs with different fields would be called {title}")
    return title


def _hidden(name: str) -> str:
    """`index` and `count` hide methods of tuple, which nobody calls on a struct."""
    return "  # type: ignore[assignment]" if hasattr(tuple, name) else ""


def _argument(parameter: Mapping[str, Any], kind: str) -> str:
    if kind.endswith("]"):
        return f"Sequence[{_argument(parameter, kind[: kind.rindex('[')])}]"
    if kind == "tuple":
        return "Struct"
    return "AddressLike" if kind == "address" else _plain(kind)


def _plain(kind: str) -> str:
    if kind.startswith("bytes"):
        return "bytes"
    return _PLAIN.get(kind, "int")


if __name__ == "__main__":
    for target, source in current().items():
        target.write_text(source)
