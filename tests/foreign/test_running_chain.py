"""A Hardhat project runs its tests against `make chain`, whose members report on afterwards."""

import re
import time
from pathlib import Path

import httpx

from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.deploy.manifest import latest_path
from tests.circle.running_chain import running
from tests.foreign.test_projects import run_hardhat


def require_together(rpc: RpcClient, beacon_url: str) -> None:
    """The newest block is the one that the beacon chain's head holds; slots pass meanwhile."""
    deadline = time.monotonic() + 20
    while folded_hash(beacon_url) != block_head(rpc).hash:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert rpc.call("keel_status")["anvil_moved"] is None


def folded_hash(beacon_url: str) -> str:
    answer = httpx.get(f"{beacon_url}/eth/v2/beacon/blocks/head").json()
    return str(answer["data"]["message"]["body"]["execution_payload"]["block_hash"])


def test_a_hardhat_project_deposits_and_takes_it_back(tmp_path: Path) -> None:
    with running(tmp_path, "--reporters", "3", "--no-page") as chain:
        url = chain.expect(r"RPC address: (\S+)")
        beacon_url = chain.expect(r"Beacon API: (\S+)")
        latest = latest_path(Path(chain.expect(r"Manifest: (\S+)")))
        chain.expect("keeper_1 is ready")
        printed = run_hardhat(url, tmp_path, KEEL_LATEST=str(latest))
        assert "10 passing" in printed
        with RpcClient(url) as rpc:
            require_together(rpc, beacon_url)
            left_at = rpc.call("keel_status")["slot"]
            rpc.call("keel_advance", 64)
            require_together(rpc, beacon_url)
        told = re.findall(r"3 members signed the report of slot (\d+)\.", chain.told)
        assert max(map(int, told)) > left_at
