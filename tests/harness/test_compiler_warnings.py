"""The compile of `make lint` fails on every warning and on oversized code, and on nothing else."""

import shutil
from pathlib import Path

import pytest

from tests.solidity import ROOT
from toolchain.compile_check import findings, passed_stamp
from toolchain.vyper_check import vyper_findings

CLEAN = """// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

contract Clean {
    function send(address payable recipient, uint256 amountWei) external {
        Address.sendValue(recipient, amountWei);
    }
}
"""
CLEAN_VYPER = """# pragma version 0.4.3
total: public(uint256)
"""
UNUSED_VARIABLE = "        uint256 unused;\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with Keel's settings and one clean contract."""
    shutil.copy(ROOT / "ape-config.yaml", tmp_path)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "Clean.sol").write_text(CLEAN)
    return tmp_path


def plant(root: Path, line: str, after: str) -> None:
    source = root / "contracts" / "Clean.sol"
    source.write_text(source.read_text().replace(after, after + line))


def test_a_clean_contract_passes(root: Path) -> None:
    assert findings(root, "contracts", runtime_bytes_most=24_000) == []


def test_a_planted_warning_fails(root: Path) -> None:
    plant(root, UNUSED_VARIABLE, after="external {\n")
    [finding] = findings(root, "contracts")
    assert finding.startswith("Warning: Unused local variable.")
    assert "contracts/Clean.sol" in finding


def test_a_planted_error_fails(root: Path) -> None:
    plant(root, "        missing();\n", after="external {\n")
    assert any("Undeclared identifier" in finding for finding in findings(root, "contracts"))


def test_code_fails_one_byte_above_the_bound_and_passes_at_it(root: Path) -> None:
    [finding] = findings(root, "contracts", runtime_bytes_most=0)
    size_bytes = int(finding.split(" has ")[1].split(" bytes")[0].replace(",", ""))
    assert findings(root, "contracts", runtime_bytes_most=size_bytes) == []
    assert findings(root, "contracts", runtime_bytes_most=size_bytes - 1) != []


def test_what_passed_is_compiled_again_when_a_source_changes_and_only_then(root: Path) -> None:
    (root / "package-lock.json").write_text("{}")
    file = root / "passed"
    assert not passed_stamp(root, file).is_current()
    passed_stamp(root, file).write()
    assert passed_stamp(root, file).is_current()
    plant(root, UNUSED_VARIABLE, after="external {\n")
    assert not passed_stamp(root, file).is_current()


@pytest.mark.parametrize("name", ["Clean.sol", "Clean.vy"])
def test_each_source_counts_for_what_passed(root: Path, name: str) -> None:
    (root / "package-lock.json").write_text("{}")
    file = root / "passed"
    (root / "contracts" / "Clean.vy").write_text(CLEAN_VYPER)
    passed_stamp(root, file).write()
    source = root / "contracts" / name
    source.write_text(source.read_text() + "\n")
    assert not passed_stamp(root, file).is_current()


def test_clean_vyper_passes_up_to_its_size(root: Path) -> None:
    (root / "contracts" / "Clean.vy").write_text(CLEAN_VYPER)
    assert list(vyper_findings(root, "contracts", runtime_bytes_most=24_000)) == []
    [finding] = vyper_findings(root, "contracts", runtime_bytes_most=0)
    size_bytes = int(finding.split(" has ")[1].split(" bytes")[0].replace(",", ""))
    assert list(vyper_findings(root, "contracts", runtime_bytes_most=size_bytes)) == []
    assert list(vyper_findings(root, "contracts", runtime_bytes_most=size_bytes - 1)) != []


@pytest.mark.parametrize(
    ("planted", "said"),
    [("enum Kind:\n    A\n", "EnumUsage"), ("other: Missing\n", "UnknownType")],
)
def test_a_warning_or_an_error_of_vyper_fails(root: Path, planted: str, said: str) -> None:
    (root / "contracts" / "Clean.vy").write_text(CLEAN_VYPER + planted)
    [finding] = vyper_findings(root, "contracts", runtime_bytes_most=24_000)
    assert said in finding
    assert "contracts/Clean.vy" in finding


@pytest.mark.parametrize("moved", ["contracts/Moved.sol", "contracts/deep/Clean.sol"])
def test_what_passed_under_another_name_is_compiled_again(root: Path, moved: str) -> None:
    (root / "package-lock.json").write_text("{}")
    file = root / "passed"
    passed_stamp(root, file).write()
    (root / moved).parent.mkdir(exist_ok=True)
    (root / "contracts" / "Clean.sol").rename(root / moved)
    assert not passed_stamp(root, file).is_current()
