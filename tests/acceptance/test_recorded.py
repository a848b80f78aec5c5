"""Contracts bound from manifest and ABIs alone, as on a machine where nothing is compiled."""

from pathlib import Path

import pytest

from keel.chain.abi import CustomError
from keel.chain.revert import Reverted
from keel.deploy.bindings import CONTRACT_NAMES
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import make_manifest, write_manifest
from keel.deploy.recorded import bind_recorded
from tests.deployment import Keel


@pytest.fixture
def path(keel: Keel, tmp_path: Path) -> Path:
    file = tmp_path / "manifest.json"
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    write_manifest(manifest, file, keel.artifacts)
    return file


def test_all_contracts_are_bound_and_answer(keel: Keel, path: Path) -> None:
    bound = bind_recorded(keel.rpc, path)
    addresses = {name: getattr(bound, field).address for field, name in CONTRACT_NAMES.items()}
    assert addresses == {name: keel.plan.addresses[name] for name in addresses}
    assert bound.oracle.VAULT() == bound.vault.address
    assert bound.withdrawal_vault.authority() == bound.manager.address
    assert bound.deposits.address == keel.plan.configuration.deposit_contract


def test_one_contract_explains_the_errors_of_another(keel: Keel, path: Path) -> None:
    oracle = bind_recorded(keel.rpc, path).oracle
    names = {error.name for error in oracle.errors.errors.values()}
    assert {"RefTimeTooEarly", "RefSlotNotNewest"} <= names
    report = (0,) * 10 + (bytes(32),) * 2
    with pytest.raises(Reverted) as refused:
        oracle.judge(report)
    cause = refused.value.cause
    assert isinstance(cause, CustomError)
    assert (cause.name, cause.inputs) == ("RefSlotNotBoundary", {"refSlot": 0})


def test_an_abi_that_is_missing_or_broken_is_named(keel: Keel, path: Path) -> None:
    abi = path.parent / "abi" / "AccountingOracle.json"
    abi.write_text("{")
    with pytest.raises(ManifestError, match=r"AccountingOracle\.json is not an ABI"):
        bind_recorded(keel.rpc, path)
    abi.unlink()
    with pytest.raises(ManifestError, match=r"AccountingOracle\.json cannot be read"):
        bind_recorded(keel.rpc, path)


def test_a_manifest_that_lacks_a_contract_is_refused(keel: Keel, path: Path) -> None:
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    rest = {name: c for name, c in manifest.contracts.items() if name != "RewardsVault"}
    write_manifest(manifest.model_copy(update={"contracts": rest}), path, keel.artifacts)
    with pytest.raises(ManifestError, match="lacks RewardsVault"):
        bind_recorded(keel.rpc, path)
