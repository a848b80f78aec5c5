"""Nodes that are away, are others, or took blocks back: the page says so, and finds back."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.clock import jump
from keel.chain.state import block_head
from keel.consensus.beacon.branches import restore_branch, take_branch
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import Steering
from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.users import deposit
from tests.dashboard.browser import opened
from tests.dashboard.link import Link, linked
from tests.dashboard.stage import POLL_SECONDS, Staged, staged
from tests.dashboard.test_page import CHECKED, await_block
from tests.unit.nodes.node_servers import in_front_of, serving


@pytest.fixture
def link(validating_world: BeaconWorld) -> Iterator[Link]:
    with linked(validating_world.beacon.chain.rpc.url) as found:
        yield found


@pytest.fixture
def linked_stage(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path, link: Link
) -> Iterator[Staged]:
    with staged(validating_world, artifacts, tmp_path, execution_url=link.url) as found:
        yield found


def supply(page: Page) -> int:
    return int(page.locator("[data-name=keth_supply]").get_attribute("data-wei") or "")


def refusal(stage: Staged) -> str:
    """What the page's server says when it is to send."""
    page = httpx.get(stage.url).text
    token = page.partition('name="keel-token" content="')[2].partition('"')[0]
    wish = {"account": stage.world.actors["depositor"], "kind": "deposit", "amount": "1"}
    headers = {"Origin": stage.url, "Keel-Token": token}
    answer = httpx.post(f"{stage.url}/send", json=wish, headers=headers)
    return str(answer.json()["message"])


def test_a_node_that_is_away_is_told_and_its_return_is_noticed(
    linked_stage: Staged, link: Link, browser: Browser
) -> None:
    world = linked_stage.world
    with opened(browser, linked_stage.url, may_lose_node=True) as page:
        await_block(page, world)
        before = supply(page)
        link.cut()
        page.wait_for_selector("[data-alarm=execution_node]")
        deposit(world, "depositor", ETHER)
        assert supply(page) == before
        link.restore()
        page.wait_for_selector("[data-alarm=execution_node]", state="detached")
        block = await_block(page, world)
        assert supply(page) == world.contracts.vault.totalSupply(block=block)
        assert supply(page) > before


def test_another_chain_at_the_same_address_is_not_mixed_in(
    linked_stage: Staged, link: Link, browser: Browser
) -> None:
    world = linked_stage.world
    with (
        opened(browser, linked_stage.url, may_lose_node=True) as page,
        start_anvil(AnvilOptions(genesis_timestamp=1_700_000_000)) as other,
    ):
        block = await_block(page, world)
        before = supply(page)
        link.cut()
        link.restore(other.url)
        alarm = page.wait_for_selector("[data-alarm=other_chain]")
        assert alarm is not None
        assert "genesis hash" in alarm.inner_text()
        assert supply(page) == before
        assert "belongs to another chain" in refusal(linked_stage)
        link.cut()
        link.restore(world.beacon.chain.rpc.url)
        page.wait_for_selector("[data-alarm=other_chain]", state="detached")
        assert await_block(page, world) == block


def test_blocks_that_were_taken_back_leave_no_trace(stage: Staged, browser: Browser) -> None:
    world = stage.world
    branch = take_branch(world.beacon.chain)
    with opened(browser, stage.url) as page:
        block = await_block(page, world)
        page.wait_for_selector(CHECKED)
        shown = page.locator(".told").inner_text()
        before = supply(page)
        deposit(world, "depositor", 7 * ETHER)
        await_block(page, world)
        assert supply(page) > before
        restore_branch(world.beacon.chain, branch)
        assert await_block(page, world) == block
        assert supply(page) == before
        assert page.locator(".told").inner_text() == shown
        deposit(world, "depositor", 2 * ETHER)
        await_block(page, world)
        told = page.locator(".told li").first.inner_text()
        assert "deposited" in told
        assert "2ETH" in told.replace(" ", "")


def test_a_page_without_its_server_says_that_it_is_old_and_comes_back(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path, browser: Browser
) -> None:
    with (
        staged(validating_world, artifacts, tmp_path) as stage,
        linked(stage.url) as link,
        opened(browser, link.url, may_lose_node=True) as page,
    ):
        await_block(page, validating_world)
        link.cut()
        page.wait_for_selector('#offline:has-text("page\'s server has not answered")')
        assert "is-old" in (page.locator("body").get_attribute("class") or "")
        deposit(validating_world, "depositor", ETHER)
        link.restore()
        page.wait_for_selector("#offline", state="hidden")
        await_block(page, validating_world)


def test_without_a_beacon_node_the_rest_is_shown(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path, browser: Browser
) -> None:
    with (
        staged(validating_world, artifacts, tmp_path, beacon_url="http://127.0.0.1:9") as stage,
        opened(browser, stage.url) as page,
    ):
        await_block(page, validating_world)
        page.wait_for_selector("[data-alarm=beacon_node]")
        assert page.locator("[data-name=check]").get_attribute("data-value") == "unread"


def test_an_anvil_that_was_moved_alone_is_told(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    chain = validating_world.beacon.chain
    with (
        serving_rpc(Steering(chain)) as url,
        staged(validating_world, artifacts, tmp_path, execution_url=url) as stage,
    ):
        chain.run(1)
        await_shown(stage)
        assert "anvil_moved" not in httpx.get(stage.url).text
        jump(chain.rpc, 600)
        chain.run(2)
        await_shown(stage)
        deadline = time.monotonic() + 30
        while 'data-alarm="anvil_moved"' not in (told := httpx.get(stage.url).text):
            assert time.monotonic() < deadline
        assert "past the start of the next slot" in told


LIES: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("eth_getBlockByNumber", lambda said: said and said | {"timestamp": hex(2**62)}),
    ("eth_getBlockByNumber", lambda said: said and said | {"number": "-0x5"}),
    ("eth_getBlockByNumber", lambda _: None),
    ("eth_getBlockByNumber", lambda _: []),
    ("eth_call", lambda _: 7),
    ("eth_call", lambda said: "0x" + "ff" * (len(said) // 2 - 1)),
    ("eth_call", lambda said: "0x" + "00" * (len(said) // 2 - 1)),
    ("eth_call", lambda _: "0x"),
    ("eth_getLogs", lambda _: [{"address": 5}]),
)
"""A method and what a node answers in the place of its result."""


def test_no_answer_of_a_node_ends_the_page(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world = validating_world
    lie: list[tuple[str, Callable[[Any], Any]]] = []

    def change(method: str, said: Any) -> Any:
        return lie[0][1](said) if lie and lie[0][0] == method else said

    chain = world.beacon.chain
    with (
        serving(in_front_of(chain.rpc.url, change)) as url,
        staged(world, artifacts, tmp_path, execution_url=url) as stage,
    ):
        for each in LIES:
            lie[:] = [each]
            chain.run(1)
            time.sleep(5 * POLL_SECONDS)
            for path in ("/", "/view", "/validators", "/api/statistics"):
                assert httpx.get(stage.url + path).status_code in (200, 503), each
        lie.clear()
        chain.run(1)
        await_shown(stage)
        assert "execution_node" not in httpx.get(stage.url).text


def await_shown(stage: Staged) -> None:
    deadline = time.monotonic() + 60
    while shown_block(stage) != block_head(stage.world.beacon.chain.rpc).number:
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)


def shown_block(stage: Staged) -> int | None:
    answer = httpx.get(f"{stage.url}/api/statistics")
    return int(answer.json()["block"]["number"]) if answer.is_success else None
