"""Another oracle or fund is deployed by anybody and put into its place by governance (MOD-1)."""

import re
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from keel.chain.clock import jump, jump_to
from keel.chain.state import runtime_code, set_runtime_code
from keel.chain.transaction import send_transaction
from keel.deploy.addresses import CREATE2_DEPLOYER
from keel.deploy.bindings import Bindings
from keel.deploy.errors import ConfigurationError, ManifestError, OccupiedError
from keel.deploy.manifest import Manifest, make_manifest, write_manifest
from keel.deploy.replacement import (
    Replacement,
    calls_for,
    deploy_replacement,
    is_in_place,
    plan_replacement,
)
from keel.deploy.replacement_command import ReplaceRequest, run_replace
from keel.deploy.seed import LEAST_SEED_SHARES
from keel.deploy.sender import NodeSender, Sent
from keel.deploy.verify import differences
from keel.model.constants import ETHER, FUND_SEED_WEI
from tests.deployment import Keel
from tests.unit.contracts.vaults import change


@pytest.fixture
def manifest(keel: Keel) -> Manifest:
    return make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)


def planned(keel: Keel, manifest: Manifest, module: str, **changes: object) -> Replacement:
    config = keel.configuration.model_copy(update=changes)
    return plan_replacement(manifest, keel.artifacts, module, "2", config)


def deployed(keel: Keel, replacement: Replacement) -> list[Sent]:
    return deploy_replacement(
        keel.rpc, replacement, NodeSender(keel.rpc, keel.actors.stranger.address)
    )


def put_in_place(keel: Keel, replacement: Replacement) -> Manifest:
    """Schedule and execute all calls as their holders; returns the new manifest."""
    manager, calls = keel.quick.manager, calls_for(keel.rpc, replacement)
    for call in calls:
        manager.schedule.send(call.target, call.data, 0, sender=call.holders[0])
    jump(keel.rpc, max(call.delay_seconds for call in calls))
    for call in calls:
        assert not is_in_place(keel.rpc, replacement) or call is not calls[0]
        manager.execute.send(call.target, call.data, sender=call.holders[0])
    assert is_in_place(keel.rpc, replacement)
    return make_manifest(
        keel.rpc, replacement.plan, replacement.before.block, replacement.artifacts
    )


def underwrite(contracts: Bindings, who: str, amount_wei: int) -> None:
    vault, wrapped, fund = contracts.vault, contracts.wrapped, contracts.fund
    vault.depositWrapped.send(who, who, sender=who, value_wei=amount_wei)
    units = wrapped.balanceOf(who)
    wrapped.approve.send(fund.address, units, sender=who)
    fund.deposit.send(units, who, sender=who)


def test_an_oracle_has_the_address_of_its_init_code_and_the_rights_of_the_one_before(
    keel: Keel, manifest: Manifest
) -> None:
    members = keel.configuration.members[:4]
    replacement = planned(keel, manifest, "oracle", members=members, quorum=4)
    step = replacement.plan.step("AccountingOracle")
    assert step.creator == CREATE2_DEPLOYER
    assert step.address == replacement.address != manifest.addresses["AccountingOracle"]
    other = planned(keel, manifest, "oracle", members=members, quorum=3)
    assert len({replacement.address, other.address}) == 2
    assert len(deployed(keel, replacement)) == 1
    assert deployed(keel, replacement) == []

    written = put_in_place(keel, replacement)
    assert differences(keel.rpc, written, keel.artifacts) == []
    told = differences(keel.rpc, manifest, keel.artifacts)
    assert any(each.startswith("StakingVault.modules is") for each in told)
    contracts = replacement.bind(keel.rpc)
    assert contracts.oracle.quorum() == 4
    council, fifth = keel.actors.council.address, keel.actors.oracle_member_5.address
    manager, selector = contracts.manager, keel.selector("AccountingOracle", "setMembers")
    delay = keel.configuration.delay_seconds("COMMITTEE")
    assert manager.canCall(council, contracts.oracle.address, selector) == (False, delay)
    assert manager.canCall(council, keel.quick.oracle.address, selector) == (False, 0)
    data = contracts.oracle.setMembers.encode([fifth], [], 3)
    manager.schedule.send(contracts.oracle.address, data, 0, sender=council)
    jump(keel.rpc, delay)
    manager.execute.send(contracts.oracle.address, data, sender=council)
    assert contracts.oracle.isMember(fifth)


def test_a_fund_begins_with_its_seed_and_the_one_before_pays_its_underwriters_out(
    keel: Keel, manifest: Manifest
) -> None:
    underwriter = keel.actors.underwriter.address
    underwrite(keel.quick, underwriter, 5 * ETHER)
    old, wrapped = keel.quick.fund, keel.quick.wrapped
    replacement = planned(keel, manifest, "fund")
    assert len(deployed(keel, replacement)) == 4
    assert deployed(keel, replacement) == []
    contracts = replacement.bind(keel.rpc)
    assert contracts.fund.balanceOf(contracts.fund.address) >= LEAST_SEED_SHARES
    assert wrapped.balanceOf(contracts.fund.address) in (FUND_SEED_WEI, FUND_SEED_WEI - 1)
    old.startCooldown.send(old.balanceOf(underwriter), sender=underwriter)

    written = put_in_place(keel, replacement)
    assert differences(keel.rpc, written, keel.artifacts) == []
    jump_to(keel.rpc, old.cooldownOf(underwriter).windowStart)
    change(keel, 0)
    shares, worth_units = old.balanceOf(underwriter), wrapped.balanceOf(old.address)
    assert old.maxRedeem(underwriter) == shares
    old.redeem.send(shares, underwriter, underwriter, sender=underwriter)
    paid_units = wrapped.balanceOf(underwriter)
    assert 5 * ETHER - 2 <= paid_units <= worth_units - FUND_SEED_WEI + 1


def test_a_second_replacement_goes_on_from_the_first(keel: Keel, manifest: Manifest) -> None:
    first = planned(keel, manifest, "fund")
    deployed(keel, first)
    written = put_in_place(keel, first)
    second = plan_replacement(written, keel.artifacts, "oracle", "2")
    deployed(keel, second)
    after = put_in_place(keel, second)
    assert differences(keel.rpc, after, keel.artifacts) == []
    assert after.replaced == {"AccountingOracle": "2", "InsuranceFund": "2"}
    assert keel.quick.vault.modules()[:2] == (second.address, first.address)
    with pytest.raises(ConfigurationError, match=r"'2' is the present one at 0x.*another label"):
        plan_replacement(after, keel.artifacts, "oracle", "2")
    assert plan_replacement(after, keel.artifacts, "oracle", "3").address != second.address


@pytest.mark.parametrize(
    ("module", "changes", "also"),
    [
        ("fund", {"quorum": 4}, "AccountingOracle"),
        ("oracle", {"overrides": {"cooldown_seconds": 10**7}}, "InsuranceFund"),
        ("oracle", {"overrides": {"fee_bps": 500}}, "StakingVault"),
    ],
)
def test_nothing_else_may_change(
    keel: Keel, manifest: Manifest, module: str, changes: dict[str, object], also: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"would also change {also}; only"):
        planned(keel, manifest, module, **changes)


def test_other_code_at_its_address_is_refused(keel: Keel, manifest: Manifest) -> None:
    replacement = planned(keel, manifest, "oracle")
    deployed(keel, replacement)
    code = runtime_code(keel.rpc, replacement.address)
    set_runtime_code(keel.rpc, replacement.address, code[:-1] + bytes([code[-1] ^ 1]))
    with pytest.raises(OccupiedError, match="has other code than planned"):
        deployed(keel, replacement)


def test_the_command_shows_the_calls_and_later_writes_the_manifest(
    keel: Keel, manifest: Manifest, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.json"
    market = {"weth": {"weth": keel.actors.stranger.address}}
    manifest = manifest.model_copy(update={"market": market})
    write_manifest(manifest, path, keel.artifacts)

    def run(label: str = "2") -> str:
        console = Console(file=StringIO(), width=200)
        request = ReplaceRequest("fund", label, None, path)
        run_replace(keel.actors.stranger, request, console)
        return str(cast("StringIO", console.file).getvalue())

    first = run()
    assert "4 transactions" in first
    assert "0 transactions" in run()
    governance = keel.actors.governance.address
    assert f"MODULES ({governance})" in first
    calls = dict(re.findall(r"(schedule|execute) +0x([0-9a-f]+)", first))

    def govern(step: str) -> None:
        data, manager = bytes.fromhex(calls[step]), keel.quick.manager.address
        send_transaction(keel.rpc, governance, manager, data)

    govern("schedule")
    jump(keel.rpc, keel.configuration.delay_seconds("MODULES"))
    assert Manifest.read(path) == manifest
    govern("execute")
    moved = f"instead of {manifest.addresses['InsuranceFund']} as in the manifest: first write"
    with pytest.raises(ManifestError, match=rf"the vault has fund 0x\w{{40}} {moved}"):
        run("3")
    assert "Verified" in run()
    after = Manifest.read(path)
    place = after.addresses["InsuranceFund"]
    assert place in first
    assert after.market == market
    assert dict(after.addresses) == {**manifest.addresses, "InsuranceFund": place}
    with pytest.raises(ConfigurationError, match="is the present one"):
        run()
