"""Pages of their own: a transaction, validators, an address; every number is the chain's."""

import time

import httpx
import pytest
from playwright.sync_api import Browser, Page

from keel.chain.state import balance_wei, storage_at
from keel.model.constants import ETHER, GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import report
from keel.scenarios.slashings import prove_slashed
from keel.scenarios.users import deposit, request_ticket
from keel.scenarios.validators import sign_twice
from tests.dashboard.browser import opened
from tests.dashboard.stage import Staged
from tests.dashboard.test_page import await_block, numbers


def follow_block_link(page: Page, transaction_hash: str) -> None:
    page.locator(f"li[data-transaction='{transaction_hash}'] .block a").click()
    page.wait_for_url(f"**/tx/{transaction_hash}")


def test_an_event_leads_to_its_transaction_with_logs_and_storage(
    stage: Staged, browser: Browser
) -> None:
    world, c = stage.world, stage.world.contracts
    deposit(world, "depositor", 123_456_789_012_345_678)
    block = int(world.rpc.call("eth_blockNumber"), 16)
    event = c.vault.events_between(block, block, "Deposited")[0]
    sent = event.log.transaction_hash
    receipt = world.rpc.call("eth_getTransactionReceipt", sent)
    with opened(browser, stage.url) as page:
        await_block(page, world)
        follow_block_link(page, sent)
        shown = numbers(page)
        assert shown["block"] == block
        assert shown["gas"] == int(receipt["gasUsed"], 16)
        assert shown["fee"] == shown["gas"] * int(receipt["effectiveGasPrice"], 16)
        assert shown["value"] == event.inputs["assetsWei"]
        logs = page.locator("[data-log]").evaluate_all("all => all.map((e) => e.dataset.log)")
        assert logs == [
            c.vault.abi.events[bytes.fromhex(log["topics"][0][2:])].signature.name
            for log in receipt["logs"]
        ]
        amounts = page.locator("[data-log=Deposited] [data-wei]").evaluate_all(
            "all => all.map((e) => e.dataset.wei)"
        )
        assert amounts == [str(event.inputs["assetsWei"])]
        slots = page.locator("[data-slot]").evaluate_all(
            """all => all.map((e) => [e.dataset.contract, e.dataset.slot,
              e.querySelector("[data-before]").dataset.before,
              e.querySelector("[data-after]").dataset.after, e.innerText])"""
        )
        assert len(slots) > 1
        for contract, slot, before, after, _ in slots:
            here, earlier = (
                int(world.rpc.call("eth_getStorageAt", contract, slot, hex(n)), 16)
                for n in (block, block - 1)
            )
            assert (int(before, 16), int(after, 16)) == (earlier, here)
        depositor = world.actors["depositor"]
        assert any(f"key {depositor}" in text for *_, text in slots)
        assert storage_at(world.rpc, c.vault.address, int(slots[0][1], 16)) == int(slots[0][3], 16)
        change = page.locator(f"[data-balance='{depositor}'] [data-wei]").get_attribute("data-wei")
        assert int(change or "") == balance_wei(world.rpc, depositor, block) - balance_wei(
            world.rpc, depositor, block - 1
        )


def test_a_report_is_shown_with_its_decoded_call(stage: Staged, browser: Browser) -> None:
    world = stage.world
    reported = report(world, world.members[:3])
    with opened(browser, f"{stage.url}/tx/{reported.receipt.transaction_hash}") as page:
        call = page.locator("[data-part=call]").inner_text()
        assert "submit of AccountingOracle" in call
        assert f"{reported.report.ref_slot}" in call
        for number in (1, 2, 3):
            assert f"oracle_member_{number}" in call


def test_a_failed_transaction_says_why(stage: Staged, browser: Browser) -> None:
    world = stage.world
    queue, sender = world.contracts.queue, world.actors["stranger"]
    data = "0x" + queue.request.encode(10**15, sender).hex()
    request = {"from": sender, "to": queue.address, "data": data, "gas": hex(300_000)}
    sent = world.beacon.chain.rpc.call("eth_sendTransaction", request)
    with opened(browser, f"{stage.url}/tx/{sent}") as page:
        assert page.locator("[data-status]").get_attribute("data-status") == "pending"
        assert "it is not mined yet" in page.locator("[data-part=changes]").inner_text()
        stage.pass_slots()
        page.reload()
        status = page.locator("[data-status]")
        assert status.get_attribute("data-status") == "failed"
        assert "Insufficient" in status.inner_text()


def test_all_validators_and_each_by_itself(stage: Staged, browser: Browser) -> None:
    world = stage.world
    standings = world.beacon.standings()
    state = world.beacon.chain.state
    with opened(browser, stage.url) as page:
        await_block(page, world)
        page.get_by_role("link", name="All validators").click()
        page.wait_for_selector("[data-validator]")
        keys = page.locator("[data-validator]").evaluate_all(
            "all => all.map((e) => e.dataset.validator)"
        )
        assert sorted(keys) == sorted("0x" + key.hex() for key in standings)
        page.locator(f"[data-validator='{keys[3]}'] a").first.click()
        page.wait_for_url(f"**/validators/{keys[3]}")
        index = standings[bytes.fromhex(keys[3][2:])].index
        shown = numbers(page)
        validator = state.validators[index]
        assert shown["index"] == index
        assert shown["balance"] == int(state.balances[index]) * GWEI
        assert shown["effective"] == int(validator.effective_balance) * GWEI
        assert shown["epoch.activation"] == int(validator.activation_epoch)
        assert "epoch.exit" not in shown
        assert "pay to WithdrawalVault" in page.locator("main").inner_text()
        assert shown["place"] == 4


def test_a_validator_shows_its_slashing_and_why_another_was_asked_to_exit(
    stage: Staged, browser: Browser
) -> None:
    world, exits = stage.world, stage.world.contracts.exits
    slashed = sign_twice(world, 1)
    prove_slashed(world, slashed)
    prover, block = world.beacon.shown()
    pubkey = next(iter(world.beacon.operators))
    index = world.beacon.standings()[pubkey].index
    manager = world.actors["operator_manager_1"]
    exits.requestExit.send(pubkey, block, *prover.validator(index), sender=manager, value_wei=GWEI)
    (culprit,) = (key for key, one in world.beacon.standings().items() if one.slashed)
    with opened(browser, stage.url) as page:
        await_block(page, world)
        page.goto(f"{stage.url}/validators/0x{culprit.hex()}")
        assert page.locator("[data-stage=slashed]").count() == 1
        assert "its operator's manager asked" not in page.locator("main").inner_text()
        page.goto(f"{stage.url}/validators/0x{pubkey.hex()}")
        assert page.locator("[data-stage=slashed]").count() == 0
        assert "its operator's manager asked" in page.locator("main").inner_text()


def test_an_address_shows_holdings_rewards_and_tickets(stage: Staged, browser: Browser) -> None:
    world, c = stage.world, stage.world.contracts
    first = report(world).receipt.block_number
    deposit(world, "depositor", 3 * ETHER)
    second = report(world).receipt.block_number
    c.vault.approve.send(c.wrapped.address, ETHER, sender=world.actors["depositor"])
    c.wrapped.deposit.send(ETHER, world.actors["depositor"], sender=world.actors["depositor"])
    ticket = request_ticket(world, "depositor", 2 * ETHER)
    who = world.actors["depositor"]
    with opened(browser, stage.url) as page:
        block = await_block(page, world)
        page.goto(f"{stage.url}/addresses/{who}")
        shown = numbers_of_address(page)
    held_wei = [worth(world, who, at) for at in (first, second, block)]
    assert shown["held.ether"] == balance_wei(world.rpc, who, block)
    assert shown["held.keth"] == c.vault.balanceOf(who, block=block)
    assert shown["held.wketh"] == c.wrapped.balanceOf(who, block=block) > 0
    assert shown["held.in_keel"] == held_wei[2]
    assert shown[f"report.{second}.worth"] == held_wei[1]
    assert abs(shown[f"report.{second}.earned"] - (held_wei[1] - held_wei[0] - 3 * ETHER)) <= 2
    earned_wei = held_wei[2] - (476 + 3 - 2) * ETHER
    assert earned_wei > 0
    assert abs(shown["rewards.earned"] - earned_wei) <= 4
    assert shown[f"ticket.{ticket}.worth"] == c.queue.ticket(ticket).worthWei
    assert f"report.{first}.worth" in shown


def numbers_of_address(page: Page) -> dict[str, int]:
    named: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("[data-name]")].map(
          (e) => [e.dataset.name, e.dataset.wei ?? e.dataset.value]))"""
    )
    return {name: int(text) for name, text in named.items()}


def worth(world: BeaconWorld, who: str, block: int) -> int:
    """What kETH and wkETH of an account are worth at a block."""
    c = world.contracts
    units = c.wrapped.balanceOf(who, block=block)
    keth_wei: int = c.vault.balanceOf(who, block=block)
    return keth_wei + int(c.wrapped.convertToAssets(units, block=block))


def test_no_name_or_byte_of_the_chain_becomes_markup(stage: Staged, browser: Browser) -> None:
    world = stage.world
    name = "<img src=x onerror=alert(1)>"
    manager = world.actors["stranger"]
    terms = (name, manager, manager, 1, 1, 600)
    sent = world.send_as_role(world.contracts.registry, "addOperator", *terms)
    with opened(browser, f"{stage.url}/tx/{sent.transaction_hash}") as page:
        assert name in page.locator("[data-log=OperatorAdded]").inner_text()
        assert page.locator("main img, main script").count() == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tx/0x12", 404),
        ("/tx/" + "0x" + "ab" * 32, 404),
        ("/tx/" + "0x" + "zz" * 32, 404),
        ("/validators?page=0", 404),
        ("/validators?page=2", 404),
        ("/validators?page=" + "9" * 5000, 404),
        ("/validators?page=%C2%B2", 404),
        ("/validators?page=1", 200),
        ("/validators/0x" + "ab" * 48, 404),
        ("/validators/0x12", 404),
        ("/addresses/0x12", 404),
        ("/addresses/" + "0x" + "12" * 20, 200),
    ],
)
def test_what_is_not_there_is_told_in_one_line(stage: Staged, path: str, status: int) -> None:
    assert httpx.get(stage.url).status_code == 200
    answer = read_until_known(stage.url + path)
    assert answer.status_code == status
    if status != 200:
        assert len(answer.text.splitlines()) == 1
        assert len(answer.text) < 200


def read_until_known(url: str) -> httpx.Response:
    """The page answers with 503 until it has read the first block."""
    end = time.monotonic() + 20
    while (answer := httpx.get(url)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert time.monotonic() < end
        time.sleep(0.05)
    return answer
