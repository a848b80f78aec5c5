"""The compiler's answer has every external library at its CREATE2 address."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keel.deploy.addresses import library_address
from tests.solidity import ROOT
from toolchain.setup import SOLC_VERSION, compiler_script

COMPILER = ROOT / ".venv" / "solc" / f"solc-v{SOLC_VERSION}"
HEAD = f"// SPDX-License-Identifier: MIT\npragma solidity {SOLC_VERSION};\n"
SOURCES = {
    "Lib.sol": HEAD
    + "library Lib { function one() external pure returns (uint256) { return 1; } }",
    "User.sol": HEAD + 'import {Lib} from "./Lib.sol";\n'
    "contract User { function two() external pure returns (uint256) { return Lib.one() + 1; } }",
    "Alone.sol": HEAD
    + "contract Alone { function three() external pure returns (uint256) { return 3; } }",
}
CODE = ["evm.bytecode.object", "evm.deployedBytecode.object"]

type Answer = dict[str, Any]


def compiled(*asked: str, by: Path = COMPILER) -> Answer:
    selection = {source: {"*": CODE} for source in asked}
    given = {
        "language": "Solidity",
        "sources": {source: {"content": text} for source, text in SOURCES.items()},
        "settings": {"outputSelection": selection},
    }
    command = [str(by), "--standard-json"]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    contracts: Answer = json.loads(done.stdout)["contracts"]
    return contracts


def codes(answer: Answer, name: str) -> tuple[str, str]:
    evm = answer[f"{name}.sol"][name]["evm"]
    return evm["bytecode"]["object"], evm["deployedBytecode"]["object"]


def test_a_user_of_a_library_has_its_address_in_both_codes() -> None:
    answer = compiled(*SOURCES)
    creation, _ = codes(answer, "Lib")
    address = library_address(bytes.fromhex(creation)).removeprefix("0x").lower()
    for code in codes(answer, "User"):
        assert code.count(address) == 1
        bytes.fromhex(code)
    for code in codes(answer, "Alone"):
        assert address not in code


def test_without_the_librarys_code_its_user_stays_unlinked() -> None:
    for code in codes(compiled("User.sol", "Alone.sol"), "User"):
        with pytest.raises(ValueError, match="non-hexadecimal"):
            bytes.fromhex(code)


def test_a_native_compiler_links_in_the_same_way(tmp_path: Path) -> None:
    """npm's compiler in a shell script stands in for a native one: set-up gives both one driver."""
    native, driver = tmp_path / "solc", tmp_path / "driver"
    native.write_text(
        f"#!/bin/sh\ncase $1 in --version) exec '{COMPILER}' --version ;; esac\n"
        f"exec '{ROOT}/.venv/bin/node' -e '{NATIVE}'\n"
    )
    command = [str(ROOT / ".venv/bin/node"), str(ROOT / "toolchain/solc.cjs"), f"--native={native}"]
    driver.write_text(compiler_script(command, "any"))
    for script in (native, driver):
        script.chmod(0o755)
    assert compiled(*SOURCES, by=driver) == compiled(*SOURCES)


NATIVE = (
    f'const solc = require("{ROOT}/node_modules/solc");'
    'process.stdout.write(solc.compile(require("fs").readFileSync(0, "utf8")));'
)
