"""A deployment leaves what the plan says, goes on where it broke off, and happens once."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from keel.chain.anvil import Anvil, AnvilOptions, start_anvil
from keel.chain.clock import reverting
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, block_head, runtime_code, unlocked_accounts
from keel.chain.system_contracts import DEPOSIT_CONTRACT, install_system_contracts
from keel.chain.transaction import send_transaction
from keel.deploy.actors import ACTORS, cast_actors, local_configuration
from keel.deploy.addresses import create3_address, salt_of
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.deploy.command import deploy_and_record
from keel.deploy.config import Configuration
from keel.deploy.deploy import deploy, is_deployed
from keel.deploy.errors import (
    ArtifactMissingError,
    ConfigurationError,
    DeployError,
    OccupiedError,
)
from keel.deploy.manifest import make_manifest
from keel.deploy.plan import FACTORY, Plan, make_plan
from keel.deploy.profiles import LOCAL
from keel.deploy.roles import ADMIN
from keel.deploy.sender import NodeSender, Sent
from keel.deploy.verify import differences
from keel.model.constants import ETHER
from keel.model.frames import Action
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract

STEPS = 18
"""Contracts, the seed of the fund, and the transaction that sets all roles."""


class ConnectionLostError(Exception):
    """What breaks a deployment off in these tests."""


@dataclass
class FailingSender:
    """Sends some transactions and then no more."""

    sender: NodeSender
    left: int

    @property
    def address(self) -> str:
        return self.sender.address

    def send(self, to: str, data: bytes, value_wei: int = 0) -> Sent:
        if self.left == 0:
            raise ConnectionLostError
        self.left -= 1
        return self.sender.send(to, data, value_wei)


@pytest.fixture(scope="module")
def empty_anvil() -> Iterator[Anvil]:
    """A chain of its own, since the addresses on the tests' chain are taken."""
    with start_anvil(AnvilOptions(accounts=len(ACTORS))) as anvil:
        install_system_contracts(anvil.rpc)
        yield anvil


@pytest.fixture
def rpc(empty_anvil: Anvil) -> Iterator[RpcClient]:
    with reverting(empty_anvil.rpc):
        yield empty_anvil.rpc


@pytest.fixture
def configuration(rpc: RpcClient) -> Configuration:
    actors = cast_actors(unlocked_accounts(rpc))
    return local_configuration(actors, block_head(rpc, 0).timestamp)


@pytest.fixture
def deployer(rpc: RpcClient) -> NodeSender:
    return NodeSender(rpc, unlocked_accounts(rpc)[0])


@pytest.fixture
def plan(configuration: Configuration, deployer: NodeSender, artifacts: Artifacts) -> Plan:
    return make_plan(configuration, deployer.address, artifacts)


def test_the_vault_holds_exactly_the_first_deposit_and_the_seed(
    keel_on_either_profile: Keel,
) -> None:
    vault = keel_on_either_profile.quick.vault
    assert vault.totals() == (2 * 10**27, 2 * 10**18, 0)
    assert vault.sharesOf(vault.address) == 10**27
    assert vault.bufferedWei() == 2 * 10**18
    assert balance_wei(vault.rpc, vault.address) == 2 * 10**18


def test_the_seed_belongs_to_the_fund_itself(keel_on_either_profile: Keel) -> None:
    keel = keel_on_either_profile.quick
    assert keel.fund.totalSupply() == keel.fund.balanceOf(keel.fund.address) == 10**24
    assert keel.fund.totalAssets() == keel.wrapped.totalSupply() == 10**18
    assert keel.wrapped.allowance(keel.manager.address, keel.fund.address) == 0


@given(fees_wei=st.integers(1, 10_000 * ETHER), paid_units=st.integers(1_000_000, 10 * ETHER))
@settings(max_examples=20, deadline=None)
def test_fees_before_the_first_underwriter_leave_shares_fine(
    deployed: dict[str, Keel], fees_wei: int, paid_units: int
) -> None:
    keel = deployed[LOCAL.name]
    underwriter, quick = keel.actors.underwriter.address, keel.quick
    deposit = quick.vault.depositWrapped
    with reverting(keel.rpc):
        for receiver, wei in ((quick.fund.address, fees_wei), (underwriter, 10 * ETHER)):
            deposit.send(receiver, underwriter, sender=underwriter, value_wei=wei)
        one_share_units = quick.fund.convertToAssets(10**24)
        assert one_share_units <= 10**18 + fees_wei
        quick.wrapped.approve.send(quick.fund.address, paid_units, sender=underwriter)
        quick.fund.deposit.send(paid_units, underwriter, sender=underwriter)
        got = quick.fund.convertToAssets(quick.fund.balanceOf(underwriter))
        assert paid_units - 1 <= got <= paid_units


def test_the_deployer_keeps_no_role(keel_on_either_profile: Keel) -> None:
    keel = keel_on_either_profile
    manager = keel.quick.manager
    assert manager.hasRole(ADMIN.id, keel.plan.deployer) == (False, 0)
    governance = keel.holder_of("ADMIN").address
    delay = keel.configuration.delay_seconds("ADMIN")
    assert manager.hasRole(ADMIN.id, governance) == (True, delay)


def test_a_deposit_in_one_test(keel: Keel) -> None:
    depositor = keel.actors.depositor.address
    keel.quick.vault.deposit.send(depositor, depositor, sender=depositor, value_wei=10**18)
    assert keel.ape.vault.sharesOf(depositor) == 10**27


def test_is_unknown_to_the_next(keel: Keel) -> None:
    assert keel.ape.vault.sharesOf(keel.actors.depositor) == 0


def test_the_factory_computes_the_addresses_of_the_plan(keel: Keel) -> None:
    step = keel.plan.step("StakingVault")
    factory = Contract(keel.rpc, step.creator, keel.plan.step(FACTORY).artifact.abi)
    assert factory.function("addressOf")(keel.plan.deployer, step.salt) == step.address


def test_nobody_else_can_take_an_address_of_the_plan(keel: Keel) -> None:
    salt = salt_of("StakingVault", keel.configuration.release)
    factory = keel.plan.step(FACTORY)
    attacker = keel.actors.attacker.address
    taken = create3_address(factory.address, attacker, salt)
    assert taken != keel.plan.addresses["StakingVault"]
    bound = Contract(keel.rpc, factory.address, factory.artifact.abi)
    returns_a_zero_byte = bytes.fromhex("60015ff3")
    bound.function("deploy").send(salt, returns_a_zero_byte, sender=attacker)
    assert runtime_code(keel.rpc, taken) == b"\0"


@pytest.mark.parametrize("done", [0, 1, 2, 6, 11, 12, 13])
def test_a_deployment_that_broke_off_goes_on(
    rpc: RpcClient, plan: Plan, deployer: NodeSender, artifacts: Artifacts, done: int
) -> None:
    with pytest.raises(ConnectionLostError):
        deploy(rpc, plan, FailingSender(deployer, done))
    assert not is_deployed(rpc, plan)
    rest = deploy(rpc, plan, deployer)
    assert len(rest.sent) == STEPS - done
    assert is_deployed(rpc, plan)
    assert differences(rpc, make_manifest(rpc, plan, rest.block, artifacts), artifacts) == []


@pytest.mark.parametrize("done", range(STEPS))
def test_deposits_open_with_the_hand_over(
    rpc: RpcClient, plan: Plan, deployer: NodeSender, artifacts: Artifacts, done: int
) -> None:
    """ROL-5: wherever it breaks off, while the deployer is ADMIN the vault takes nobody's ether."""
    with pytest.raises(ConnectionLostError):
        deploy(rpc, plan, FailingSender(deployer, done))
    if runtime_code(rpc, plan.addresses["StakingVault"]):
        keel = bind(rpc, plan.addresses, artifacts)
        assert keel.manager.hasRole(ADMIN.id, deployer.address)[0]
        assert keel.vault.depositableWei() == 0
        errors, user = keel.vault.abi, plan.configuration.address("governance")
        for sender in (user, deployer.address):
            with pytest.raises(Reverted, match="ActionPaused"):
                send_transaction(rpc, sender, keel.vault.address, value_wei=ETHER, errors=errors)
            for function in ("deposit", "depositWrapped"):
                with pytest.raises(Reverted, match="ActionPaused"):
                    keel.vault.function(function).send(user, user, sender=sender, value_wei=ETHER)
    deploy(rpc, plan, deployer)
    keel = bind(rpc, plan.addresses, artifacts)
    assert not keel.manager.hasRole(ADMIN.id, deployer.address)[0]
    assert balance_wei(rpc, keel.vault.address) == 2 * ETHER
    keel.vault.deposit.send(user := deployer.address, user, sender=user, value_wei=ETHER)


def test_after_the_hand_over_the_access_manager_deposits_as_little_as_others(keel: Keel) -> None:
    """Only before it, the seed of the fund comes through a pause (ROL-5)."""
    vault, manager = keel.quick.vault, keel.quick.manager
    keel.call_as_role(vault, "pause", Action.DEPOSIT, 60)
    with pytest.raises(Reverted, match="ActionPaused"):
        vault.deposit.send(
            manager.address, manager.address, sender=as_contract(manager), value_wei=ETHER // 2
        )


def test_a_complete_deployment_sends_nothing_again(
    rpc: RpcClient, plan: Plan, deployer: NodeSender
) -> None:
    assert len(deploy(rpc, plan, deployer).sent) == STEPS
    assert deploy(rpc, plan, deployer).sent == ()


def test_another_configuration_of_the_same_release_is_refused(
    rpc: RpcClient,
    plan: Plan,
    configuration: Configuration,
    deployer: NodeSender,
    artifacts: Artifacts,
) -> None:
    deploy(rpc, plan, deployer)
    other = configuration.model_copy(update={"overrides": {"min_ticket_wei": 2}})
    with pytest.raises(OccupiedError, match=r"WithdrawalQueue .* another configuration"):
        deploy(rpc, make_plan(other, deployer.address, artifacts), deployer)


def test_another_release_is_another_deployment(
    rpc: RpcClient,
    plan: Plan,
    configuration: Configuration,
    deployer: NodeSender,
    artifacts: Artifacts,
) -> None:
    deploy(rpc, plan, deployer)
    second = make_plan(
        configuration.model_copy(update={"release": "2"}), deployer.address, artifacts
    )
    assert len(deploy(rpc, second, deployer).sent) == STEPS - 2  # factory and library serve both
    shared = set(plan.addresses.values()) & set(second.addresses.values())
    assert shared == {plan.addresses[FACTORY], plan.addresses["Reports"]}


def test_who_deploys_again_is_told_what_commands_use_from_now_on(
    *,
    rpc: RpcClient,
    plan: Plan,
    configuration: Configuration,
    deployer: NodeSender,
    artifacts: Artifacts,
    tmp_path: Path,
) -> None:
    def told(planned: Plan) -> str:
        screen = StringIO()
        path = tmp_path / "manifest.json"
        deploy_and_record(rpc, planned, deployer, artifacts, Console(file=screen), path=path)
        return screen.getvalue()

    warning = "It replaces that of release '1': commands use the new deployment now."
    assert warning not in told(plan)
    assert warning not in told(plan)
    other = configuration.model_copy(update={"release": "2"})
    assert warning in told(make_plan(other, deployer.address, artifacts))


def test_a_library_compiled_apart_from_its_user_is_refused(
    configuration: Configuration, deployer: NodeSender, artifacts: Artifacts
) -> None:
    changed = replace(artifacts["Reports"], creation_code=artifacts["Reports"].creation_code + b"0")
    with pytest.raises(ArtifactMissingError, match=r"^Reports was compiled apart .* --force"):
        make_plan(configuration, deployer.address, {**artifacts, "Reports": changed})


def test_only_the_planned_deployer_may_send(
    rpc: RpcClient, plan: Plan, artifacts: Artifacts
) -> None:
    attacker = NodeSender(rpc, unlocked_accounts(rpc)[-1])
    with pytest.raises(DeployError, match=f"but {attacker.address} would send it"):
        deploy(rpc, plan, attacker)


def test_a_deployer_with_power_is_refused(
    configuration: Configuration, artifacts: Artifacts
) -> None:
    guardian = configuration.address("guardian")
    with pytest.raises(ConfigurationError, match=f"{guardian} is listed in accounts"):
        make_plan(configuration, guardian, artifacts)


def test_a_deployment_before_the_first_reference_slot_is_refused_unsent(
    rpc: RpcClient, configuration: Configuration, deployer: NodeSender, artifacts: Artifacts
) -> None:
    early = configuration.model_copy(
        update={"genesis_time": max(int(time.time()), block_head(rpc).timestamp) + 1_000}
    )
    head = block_head(rpc)
    with pytest.raises(DeployError, match=rf"first reference slot is at {early.frame_origin}, in"):
        deploy(rpc, make_plan(early, deployer.address, artifacts), deployer)
    assert block_head(rpc) == head


def test_a_chain_without_deposit_contract_is_refused(
    rpc: RpcClient, plan: Plan, deployer: NodeSender
) -> None:
    rpc.call("anvil_setCode", DEPOSIT_CONTRACT, "0x")
    with pytest.raises(DeployError, match=f"no deposit contract at {DEPOSIT_CONTRACT}"):
        deploy(rpc, plan, deployer)
