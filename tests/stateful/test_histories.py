"""Random histories in which the deployed contracts and keel/model move together.

`KEEL_HISTORIES=2000 KEEL_SEED=7 ape test tests/stateful` runs more of them, from another seed. A
failure prints the shortest history found that fails in the same way.
"""

import os
import random
import time

import click
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractContainer
from ape_test.accounts import TestAccount
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from keel.model.constants import ETHER
from keel.statement.reading import StatementReader
from tests.deployment import Keel
from tests.stateful.drawing import Part
from tests.stateful.exit_rules import ExitRules
from tests.stateful.fund_rules import FundRules
from tests.stateful.keys import admit_operators
from tests.stateful.operation_rules import OperationRules
from tests.stateful.pair import open_pair
from tests.stateful.reading import ACTORS
from tests.stateful.report_rules import Change, ReportRules
from tests.stateful.token_rules import TokenRules

HISTORIES = int(os.environ.get("KEEL_HISTORIES", "60"))
STEPS = 50
PHASES = [Phase.generate] if "KEEL_NO_SHRINK" in os.environ else list(Phase)


class Histories(TokenRules, ExitRules, FundRules, OperationRules, ReportRules):
    """All rules together."""


def history_seed() -> int:
    """One and the same, unless a longer run asks for others."""
    chosen = os.environ.get("KEEL_SEED")
    if chosen is not None:
        return int(chosen)
    return random.SystemRandom().getrandbits(32) if "KEEL_HISTORIES" in os.environ else 0


def test_contracts_and_model_move_together(
    keel_on_either_profile: Keel, test_contracts: dict[str, ContractContainer]
) -> None:
    keel = keel_on_either_profile
    number, began_at = history_seed(), time.monotonic()
    stage = set_stage(keel, test_contracts["TestBatchReader"])
    click.echo(f"{keel.profile.name}: {HISTORIES} histories of {STEPS} rules, KEEL_SEED={number}")
    run_state_machine_as_test(seed(number)(type(stage)), settings=SETTINGS)
    outcomes, seconds = stage.pair.outcomes, time.monotonic() - began_at
    steps = outcomes.total()
    click.echo(f"{steps} steps in {seconds:.0f} s, {steps / seconds:.0f} a second")
    click.echo("\n".join(f"{times:6} {outcome}" for outcome, times in sorted(outcomes.items())))
    assert steps > HISTORIES * STEPS // 2


def test_they_stay_together_through_ruin_and_after(
    keel_on_either_profile: Keel, test_contracts: dict[str, ContractContainer]
) -> None:
    """ACC-3, which no random history reaches: all ether is staked, and all of it is lost."""
    stage = set_stage(keel_on_either_profile, test_contracts["TestBatchReader"])
    pair = stage.pair
    for name in ACTORS:
        stage.unwrap(name, name, Part(1_000))
        stage.request(name, name, Part(0, min(stage.balance_wei(name), pair.model.free_wei)))
    stage.frame_passes(Change("total", 0), Part(0), 1, 0)
    assert pair.model.buffered_wei == 0
    stage.request("attacker", "attacker", Part(0, 10**16))
    stage.confirm_announcement(Change("total", -(10**6)), Part(0), 5)
    stage.deposit("holder", "holder", Part(0, ETHER))
    stage.deposit_wrapped("holder", "holder", Part(0, ETHER))
    stage.request("attacker", "attacker", Part(0, 10**16))
    stage.transfer_shares("holder", "depositor", Part(500))
    stage.claim_many("attacker", list(range(1, 10)))
    stage.rewards_arrive(ETHER)
    stage.frame_passes(Change("total", 0), Part(1_000), 1, 0)
    assert pair.outcomes["depositWrapped: Insolvent"] == pair.outcomes["deposit: Insolvent"] == 1
    stage.require_true_statement()


def test_bonds_leave_in_both(
    keel_on_either_profile: Keel, test_contracts: dict[str, ContractContainer]
) -> None:
    """BND-2, BND-3: which few random histories are long enough for."""
    stage = set_stage(keel_on_either_profile, test_contracts["TestBatchReader"])
    for _ in range(5):
        stage.bond_leaves(0, Part(1_000))
    assert stage.pair.outcomes["pay: done"] >= 1
    assert stage.pair.model.units_of["manager"] > 0
    stage.require_true_statement()


SETTINGS = settings(
    max_examples=HISTORIES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    print_blob=False,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)


def set_stage(keel: Keel, reader: ContractContainer) -> Histories:
    """Deposits, cover and validators, so that a history begins in the middle of things."""
    code = reader.contract_type.deployment_bytecode
    abi = [entry.model_dump(by_alias=True) for entry in reader.contract_type.abi]
    assert code is not None
    keys = admit_operators(keel)

    class OnStage(Histories):
        stage = open_pair(keel, keys, (abi, code.to_bytes()))
        statements = StatementReader(keel.quick, keel.deployment.block)
        members = tuple(with_key(member) for member in keel.actors.oracle_members)

    OnStage.keys = keys
    first = OnStage()
    for number, name in enumerate(ACTORS, 1):
        first.deposit(name, name, Part(0, 150 * number * ETHER + number))
        first.deposit_wrapped(name, name, Part(0, 20 * number * ETHER + number))
        first.pair.approve_fund(name)
    first.underwrite("underwriter", "underwriter", Part(900))
    first.underwrite("holder", "holder", Part(500))
    first.predeposit_and_prove([0, 1, 2, 3, 4, 5, 6, 20, 21, 22, 23, 40])
    first.stake_keys([0, 1, 20, 2, 21])
    first.request("redeemer", "redeemer", Part(10))
    first.frame_passes(Change("total", 150), Part(1_000), 1, 0)
    OnStage.stage = first.pair
    return first


def with_key(account: TestAccountAPI) -> LocalAccount:
    """Sign as a member of the committee."""
    assert isinstance(account, TestAccount)
    local: LocalAccount = Account.from_key(account.private_key)
    return local
