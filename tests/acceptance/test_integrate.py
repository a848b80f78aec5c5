"""docs/integrate.md is true: its Python runs, its Solidity compiles, its names exist."""

import re
from textwrap import dedent, indent
from typing import Any

import pytest
from ape.contracts import ContractContainer
from ape_test.accounts import TestAccount
from eth_account import Account

from keel.chain.clock import jump, now
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei, set_balance_wei
from keel.chain.transaction import Receipt
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, deploy_test_contract, deposit
from tests.unit.contracts.vaults import ZERO_ADDRESS, change, stake

PAGE = REPOSITORY_ROOT / "docs" / "integrate.md"
ESCROW = REPOSITORY_ROOT / "tests" / "contracts" / "TestTicketEscrow.sol"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(r"\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[A-Z]+_[A-Z_]+|\w+(?=\())")
_WORDS_OF_RULES = {"ceil", "floor", "report"}
HONEST = 0  # TestMember's conduct
VALIDATORS = 5
SECONDS_INTO_THE_STREAM = 61  # so that the rate is no round number


def blocks(language: str) -> list[tuple[int, str]]:
    """Each block of the page with the number of its first line."""
    text = PAGE.read_text()
    found = [(m.start(2), m[2]) for m in _BLOCK.finditer(text) if m[1] == language]
    return [(text.count("\n", 0, start) + 1, block) for start, block in found]


@pytest.fixture
def names(keel: Keel, test_contracts: dict[str, ContractContainer]) -> dict[str, Any]:
    """What the page's introduction promises to its Python."""
    actors, quick = keel.actors, keel.quick
    owner = actors.depositor
    assert isinstance(owner, TestAccount)
    alice = str(owner.address)
    set_balance_wei(keel.rpc, alice, 1_000_000 * ETHER)
    deposit(keel, alice, 200 * ETHER)
    quick.wrapped.deposit.send(10 * ETHER, alice, sender=alice)
    stake(keel, VALIDATORS)
    change(keel, ETHER)
    jump(keel.rpc, SECONDS_INTO_THE_STREAM)

    def report(change_wei: int) -> Receipt:
        return change(keel, change_wei)

    return {
        "ETHER": ETHER,
        "ZERO_ADDRESS": ZERO_ADDRESS,
        "Account": Account,
        "Reverted": Reverted,
        "alice": alice,
        "alice_key": owner.private_key,
        "announce_loss": lambda: announce_loss(keel),
        "balance_wei": balance_wei,
        "bob": str(actors.holder.address),
        "carol": str(actors.stranger.address),
        "escrow": deploy_test_contract(
            keel, test_contracts["TestTicketEscrow"], quick.queue.address
        ),
        "jump": jump,
        "multisig": deploy_test_contract(keel, test_contracts["TestMember"], alice, HONEST).address,
        "now": now,
        "pytest": pytest,
        "queue": quick.queue,
        "report": report,
        "rpc": keel.rpc,
        "vault": quick.vault,
        "wrapped": quick.wrapped,
    }


def run(block: str, line: int, names: dict[str, Any]) -> None:
    """Run a block so that a failure names the page and its line."""
    exec(compile("\n" * (line - 1) + block, str(PAGE), "exec"), names)  # noqa: S102 (our own page)


@pytest.mark.parametrize(
    ("line", "block"), blocks("python"), ids=lambda v: f"line_{v}" if isinstance(v, int) else ""
)
def test_the_python_does_what_the_page_says(names: dict[str, Any], line: int, block: str) -> None:
    run(block, line, names)


def test_every_section_but_the_first_has_python_that_asserts() -> None:
    sections = PAGE.read_text().split("\n## ")[1:]
    assert len(sections) > 1
    for section in sections:
        python = [m[2] for m in _BLOCK.finditer(section) if m[1] == "python"]
        assert python, section.splitlines()[0]
        assert all("assert " in block for block in python), section.splitlines()[0]


def test_a_false_statement_fails_at_its_line_of_the_page(names: dict[str, Any]) -> None:
    """The blocks see the deployment: one wei more than is there is noticed."""
    true = "assert vault.totalSupply() == vault.totals().assetsWei - vault.totals().unvestedWei"
    run(true, 7, names)
    with pytest.raises(AssertionError) as failure:
        run(true + " + 1", 7, names)
    entry = failure.traceback[-1]
    assert (str(entry.path), entry.lineno) == (str(PAGE), 6)  # counted from 0


def test_the_solidity_is_that_of_the_contract_which_the_python_uses() -> None:
    found = blocks("solidity")
    assert found
    for _, block in found:
        assert indent(dedent(block), "    ") in ESCROW.read_text()


def test_every_name_in_the_text_is_in_an_abi(keel: Keel) -> None:
    abis = [each.contract_type.model_dump_json() for each in vars(keel.ape).values()]
    known = set(re.findall(r'"name":"(\w+)"', "".join(abis))) | _WORDS_OF_RULES
    code = _CODE.findall(_BLOCK.sub("", PAGE.read_text()))
    named = {name for words in code for name in _NAME.findall(words)}
    assert {"depositableWei", "LossAbsorbed", "CLAIM_GAS", "transfer"} <= named
    assert named - known == set()
