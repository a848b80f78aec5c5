"""What is read of the market's contracts is what these have, by name, inputs and outputs."""

import pytest

from keel.chain.abi import Abi
from keel.market.artifacts import ArtifactFolder
from keel.market.compiled import read_compiled
from keel.market.morpho import MORPHO_SOURCE
from keel.market.system import Site
from keel.sight.market import faces

AAVE = ArtifactFolder("@aave/core-v3", "artifacts/contracts")
UNISWAP = ArtifactFolder("@uniswap/v3-core", "artifacts/contracts")


def requirements(abi: Abi) -> set[tuple[str, str]]:
    """Functions with what they return, and events by their first topic."""
    functions = {
        (function.inputs.text, ",".join(function.outputs.types))
        for overloads in abi.functions.values()
        for function in overloads.values()
    }
    return functions | {
        (topic.hex(), str(event.topic_count)) for topic, event in abi.events.items()
    }


@pytest.mark.parametrize(
    ("face", "path"),
    [
        (faces.AAVE_POOL, "protocol/pool/Pool.sol"),
        (faces.AAVE_DATA, "misc/AaveProtocolDataProvider.sol"),
        (faces.AAVE_ORACLE, "misc/AaveOracle.sol"),
    ],
)
def test_aaves_are_those_of_its_package(face: Abi, path: str) -> None:
    assert requirements(face) <= requirements(Abi(AAVE.read(path).abi_entries))


def test_uniswaps_are_those_of_its_package() -> None:
    packed = UNISWAP.read("UniswapV3Pool.sol").linked().abi
    assert requirements(faces.UNISWAP_POOL) <= requirements(packed)


def test_morphos_functions_are_those_of_its_package(compiled: None) -> None:
    """Its events stand in a library; that borrowers are found shows that they are read."""
    packed = requirements(read_compiled(MORPHO_SOURCE).linked().abi)
    events = {(topic.hex(), str(each.topic_count)) for topic, each in faces.MORPHO.events.items()}
    assert requirements(faces.MORPHO) - events <= packed


def test_keels_are_those_of_its_contracts(site: Site) -> None:
    for face, name in (
        (faces.STABLE_POOL, "StablePool"),
        (faces.FEED, "MarketFeed"),
        (faces.MORPHO_ORACLE, "MorphoOracle"),
        (faces.MORPHO_RATE, "FixedRate"),
    ):
        assert requirements(face) <= requirements(site.own(name).abi)
