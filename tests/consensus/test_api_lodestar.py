"""Lodestar's client, which others wrote, reads everything that Keel serves."""

import os
import subprocess
from typing import Any

import orjson
import pytest
from starlette.routing import Route

from keel.chain.anvil import start_anvil
from keel.chain.node_packages import REPOSITORY_ROOT, node_binary
from keel.consensus.api.app import create_app
from keel.consensus.api.changes import TOPICS
from keel.consensus.api.server import serving
from keel.consensus.beacon.branches import branching
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.consensus.beacon.offences import vote_twice
from keel.consensus.beacon.requests import (
    deposit,
    request_consolidation,
    request_exit,
    request_withdrawal,
)
from keel.consensus.deposit_data import FULL_DEPOSIT_GWEI, execution_credentials
from keel.consensus.keys import ValidatorKey, public_key
from tests.consensus.conftest import SettledChain

SCRIPT = REPOSITORY_ROOT / "toolchain" / "lodestar" / "read_api.mjs"
NEWCOMER = ValidatorKey("m", 0xBEEF, public_key(0xBEEF))
COMPOUNDING = 60
MOST_SLOTS = 200


def read_with_lodestar(chain: BeaconChain, address: str, *topics: str) -> list[dict[str, Any]]:
    """Let the client read the head, then let slots pass until it has the events; all it says.

    Each slot comes twice, so that there are reorganisations too.
    """
    command = [node_binary(), str(SCRIPT), address, *topics]
    environment = os.environ | {"LODESTAR_PRESET": chain.config.preset}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as client:
        assert client.stdout is not None
        assert client.stderr is not None
        said = []
        for line in client.stdout:
            said.append(orjson.loads(line))
            if "listening" in said[-1]:
                break
        for _ in range(MOST_SLOTS if topics else 0):
            if client.poll() is not None:
                break
            with branching(chain):
                chain.step()
            chain.step()
        rest, errors = client.communicate(timeout=20)
        assert client.returncode == 0, errors.decode()
    return [*said, *map(orjson.loads, rest.splitlines())]


def served(chain: BeaconChain) -> set[str]:
    """Every request that Keel answers, as `GET /path`."""
    return {
        f"{method} {route.path}"
        for route in create_app(chain).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_lodestar_reads_every_endpoint_and_event(settled: SettledChain, api_address: str) -> None:
    chain = settled.chain
    credentials = execution_credentials(bytes(20))
    deposit(chain, NEWCOMER, credentials, FULL_DEPOSIT_GWEI, settled.depositor)
    request_withdrawal(chain, COMPOUNDING, 5)
    request_consolidation(chain, 1, COMPOUNDING)
    request_exit(chain, 2)
    vote_twice(chain, [3])
    chain.step()
    said = read_with_lodestar(chain, api_address, *TOPICS)
    read = {each["endpoint"]: each["found"] for each in said if "endpoint" in each}
    assert {each["request"] for each in said if "request" in each} == served(chain)
    for waiting in ("Deposits", "PartialWithdrawals", "Consolidations"):
        assert read[f"beacon.getPending{waiting}"] == 1
    events = [each["found"] for each in said if each.get("endpoint") == "events.eventstream"]
    assert sorted(topic for event in events for topic in event) == sorted(TOPICS)


@pytest.mark.parametrize(
    ("config", "slots"),
    [
        (ChainConfig(fork="electra", verify_own_signatures=False), 0),
        (ChainConfig(fork="electra", verify_own_signatures=False), 3),
        (ChainConfig(preset="mainnet", validators=32, verify_own_signatures=False), 1),
    ],
    ids=["electra at genesis", "electra", "mainnet preset"],
)
def test_lodestar_reads_other_forks_and_presets(config: ChainConfig, slots: int) -> None:
    with start_anvil(anvil_options(config)) as anvil:
        chain = start_chain(anvil.rpc, config)
        chain.run(slots)
        with serving(chain) as address:
            said = read_with_lodestar(chain, address)
        requests = {each["request"] for each in said}
        assert requests == served(chain) - {"GET /eth/v1/events"}
