"""The statistics: equal to the chain's at the block they name, and as their schema says."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from keel.dashboard.statistics import Pools, Statistics, statistics_schema
from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import report
from keel.scenarios.users import request_ticket
from tests.dashboard.browser import opened
from tests.dashboard.expected import expected_numbers
from tests.dashboard.stage import Staged, staged
from tests.dashboard.test_page import CHECKED, await_block
from tests.dashboard.test_sheets import read_until_known


def answered(stage: Staged, browser: Browser, path: str) -> tuple[int, dict[str, Any]]:
    """The answer at the chain's head."""
    with opened(browser, stage.url) as page:
        block = await_block(page, stage.world)
        page.wait_for_selector(CHECKED)
    answer = httpx.get(stage.url + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return block, found


def test_statistics_are_the_chains(stage: Staged, browser: Browser) -> None:
    world = stage.world
    report(world)
    request_ticket(world, "depositor", 5 * ETHER)
    block, found = answered(stage, browser, "/api/statistics")
    chain = expected_numbers(world, block)
    assert found["block"]["number"] == block
    assert found["contracts"]["StakingVault"] == world.contracts.vault.address
    shown = {
        "controlled": found["tvl"]["total_wei"],
        "buffered": found["tvl"]["buffered_wei"],
        "consensus": found["tvl"]["consensus_wei"],
        "pending": found["tvl"]["pending_wei"],
        "apr": found["yields"]["apr_bps"],
        "keth_supply": found["supplies"]["keth_wei"],
        "wketh_supply": found["supplies"]["wketh_units"],
        "rate": found["supplies"]["rate_wei"],
        "queue.waiting": found["queue"]["waiting"],
        "queue.tickets": found["queue"]["last"],
        "queue.owed": found["queue"]["owed_wei"],
        "queue.index": found["queue"]["index_ray"],
        "reported.active": found["validators"]["active"],
        "reported.exited": found["validators"]["exited"],
        "reported.slashed": found["validators"]["slashed"],
        "ref_slot": found["validators"]["reported_slot"],
        "fund.units": found["insurance"]["wketh_units"],
        "fund.worth": found["insurance"]["worth_wei"],
        "fund.cover": found["insurance"]["covers_wei"],
        "fund.forfeit": found["insurance"]["forfeited_bonds_wei"],
        "slashed_wei": found["validators"]["proven_slashed_wei"],
    }
    assert {name: int(value) for name, value in shown.items()} == {n: chain[n] for n in shown}
    assert found["validators"]["staked"] == sum(
        chain[f"operator.{number}.staked"] for number in range(3)
    )
    Statistics.model_validate(found)


def test_pools_share_the_supply_between_the_tokens(stage: Staged, browser: Browser) -> None:
    block, found = answered(stage, browser, "/api/pools")
    chain = expected_numbers(stage.world, block)
    assert found["block"] == block
    assert [pool["symbol"] for pool in found["data"]] == ["kETH", "wkETH"]
    total = sum(pool["tvlEth"] for pool in found["data"])
    assert abs(total - chain["keth_supply"] / ETHER) < 1e-9
    wrapped = stage.world.contracts.wrapped
    units = wrapped.totalSupply(block=block)
    wrapped_wei = wrapped.convertToAssets(units, block=block)
    assert abs(found["data"][1]["tvlEth"] - wrapped_wei / ETHER) < 1e-9
    assert list(found["balances"].values()) == [str(chain["controlled"])]
    Pools.model_validate(found)


def test_every_field_of_the_answers_is_in_the_schema(stage: Staged, browser: Browser) -> None:
    schema = httpx.get(f"{stage.url}/api/statistics/schema").json()
    assert schema == statistics_schema()
    for name, path in (("statistics", "/api/statistics"), ("pools", "/api/pools")):
        _, found = answered(stage, browser, path)
        check(found, schema[name], schema[name])


def check(value: Any, part: dict[str, Any], whole: dict[str, Any]) -> None:
    """A value against its part of the schema: objects, lists, choices, patterns, simple types."""
    if "$ref" in part:
        check(value, whole["$defs"][part["$ref"].rpartition("/")[2]], whole)
    elif "anyOf" in part:
        assert any(fits(value, each, whole) for each in part["anyOf"])
    elif part["type"] == "object":
        assert isinstance(value, dict)
        if "properties" in part:
            assert set(value) == set(part["properties"]) == set(part["required"])
        for name, each in value.items():
            check(each, part.get("properties", {}).get(name) or part["additionalProperties"], whole)
    elif part["type"] == "array":
        for each in value:
            check(each, part["items"], whole)
    else:
        kinds = {"string": str, "integer": int, "number": int | float, "null": type(None)}
        assert isinstance(value, kinds[part["type"]])
        assert "pattern" not in part or re.search(part["pattern"], str(value))


def fits(value: Any, part: dict[str, Any], whole: dict[str, Any]) -> bool:
    try:
        check(value, part, whole)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("path", ["/api/statistics", "/api/pools"])
def test_before_the_first_block_there_are_none(
    beacon_world: BeaconWorld, artifacts: Artifacts, tmp_path: Any, path: str
) -> None:
    nowhere = "http://127.0.0.1:9"
    with staged(beacon_world, artifacts, tmp_path, execution_url=nowhere) as stage:
        answer = httpx.get(stage.url + path)
        assert (answer.status_code, answer.text) == (
            503,
            "the execution node has not answered yet",
        )
    with staged(beacon_world, artifacts, tmp_path) as stage:
        assert read_until_known(stage.url + path).status_code == 200


def test_an_apr_of_a_small_chain_comes_with_mainnets(stage: Staged, browser: Browser) -> None:
    world = stage.world
    for _ in range(3):
        report(world)
    with opened(browser, stage.url) as page:
        await_block(page, world)
        page.wait_for_selector("[data-name=apr_mainnet]")
        apr, there, times = (
            int(page.locator(f"[data-name={name}]").get_attribute("data-value") or "")
            for name in ("apr", "apr_mainnet", "times_mainnet")
        )
    assert apr > 10_000
    assert times > 100
    assert 0 < there < 1_000
    assert there * times <= apr <= (there + 1) * (times + 1)
