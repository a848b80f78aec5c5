"""Market pieces beside a deployment, as any integrator puts them there."""

from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings

from keel.chain.contract import Contract, deploy
from keel.deploy.artifacts import artifact_named
from tests.deployment import Keel


class Latest(NamedTuple):
    """latestRoundData."""

    roundId: int  # noqa: N815 - as the contracts call it
    answer: int
    startedAt: int  # noqa: N815
    updatedAt: int  # noqa: N815
    answeredInRound: int  # noqa: N815


def examples(most: int) -> settings:
    """So many examples on one chain: each leaves it as it found it, or only reads."""
    return settings(max_examples=most, suppress_health_check=[HealthCheck.function_scoped_fixture])


def place(keel: Keel, name: str, *arguments: Any) -> Contract:
    """Deploy one of contracts/market by name; it explains Keel's errors beside its own."""
    artifact = artifact_named(keel.artifacts, name)
    code, deployer = artifact.creation_code, keel.actors.deployer.address
    deployed, _ = deploy(keel.rpc, artifact.abi, code, *arguments, sender=deployer)
    return deployed


def latest(feed: Contract, block: int | str = "latest") -> Latest:
    """What a feed answers now."""
    return Latest(*feed.function("latestRoundData")(block=block))
