"""rkETH where no vault of Symbiotic is; tests/market has it over a real one (RST)."""

from keel.chain.contract import deploy
from keel.deploy.artifacts import artifact_named
from tests.causes import fails
from tests.deployment import Keel


def test_is_not_created_where_an_account_has_no_code(keel: Keel) -> None:
    """RST-4: token, vault and factory are contracts, each named in the refusal."""
    artifact = artifact_named(keel.artifacts, "RestakedEther")
    stranger, deployer = keel.actors.stranger.address, keel.actors.deployer.address
    contract = keel.quick.wrapped.address
    for position in range(3):
        arguments = [contract] * 3
        arguments[position] = stranger
        with fails("NoCode", account=stranger):
            deploy(keel.rpc, artifact.abi, artifact.creation_code, *arguments, sender=deployer)
