"""People act from the page: by an account of a development node, and by a wallet in the browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import report
from keel.scenarios.users import request_ticket
from tests.dashboard.browser import opened
from tests.dashboard.stage import Staged, staged


class Acting:
    """A person before the page, and the chain beneath."""

    def __init__(self, stage: Staged, page: Page, who: str) -> None:
        self.stage = stage
        self.page = page
        self.who = who
        self.c = stage.world.contracts

    def keth(self) -> int:
        return int(self.c.vault.balanceOf(self.who))

    def wketh(self) -> int:
        return int(self.c.wrapped.balanceOf(self.who))

    def act(self, kind: str, amount: str, button: str) -> str:
        """Do it, let a slot pass, and return what the page says of it."""
        self.page.get_by_role("radio", name=kind, exact=True).check()
        self.page.locator("#amount").fill(amount)
        self.page.get_by_role("button", name=button, exact=True).click()
        return self.mined()

    def mined(self) -> str:
        self.page.wait_for_selector("#outcome:has-text('waits for a block')")
        self.stage.pass_slots()
        self.page.wait_for_selector("#outcome.is-good")
        return self.page.locator("#outcome").inner_text()

    def refused(self) -> str:
        self.page.wait_for_selector("#outcome.is-bad")
        return self.page.locator("#outcome").inner_text()

    def held(self, token: str, wei: int) -> None:
        """Wait until the page shows this balance."""
        self.page.wait_for_selector(f"[data-name='held.{token}'][data-wei='{wei}']")


@contextmanager
def local(stage: Staged, browser: Browser) -> Iterator[Acting]:
    with opened(browser, stage.url) as page:
        page.wait_for_selector("[data-name='held.ETH']")
        yield Acting(stage, page, stage.world.actors["depositor"])


@contextmanager
def walleted(stage: Staged, browser: Browser, actor: str = "holder") -> Iterator[Acting]:
    """An account that the node holds the key of plays the wallet's."""
    who = stage.world.actors[actor]
    with RpcClient(stage.world.beacon.chain.rpc.url) as rpc:

        def answer(method: str, params: list[Any]) -> Any:
            return [who] if method == "eth_requestAccounts" else rpc.call(method, *params)

        with opened(browser, stage.url, wallet=answer) as page:
            yield Acting(stage, page, who)


def connect(acting: Acting) -> None:
    acting.page.get_by_role("button", name="Connect a browser wallet").click()
    acting.page.wait_for_selector(f"option[value='{acting.who}'][data-wallet]", state="attached")


def through_every_form(acting: Acting) -> None:
    """Deposit, wrap, request; after the report claim; each checked on the chain and on the page."""
    c, world = acting.c, acting.stage.world
    before_keth, before_wketh = acting.keth(), acting.wketh()
    said = acting.act("Deposit", "33.000000000000000001", "Deposit")
    assert said.startswith("33.000000000000000001 ETH for ")
    assert "mined in block" in said
    gained = acting.keth() - before_keth
    assert 33 * ETHER - 2 <= gained <= 33 * ETHER + 10**15
    acting.held("kETH", acting.keth())
    acting.act("Wrap", "7", "Wrap")
    assert acting.wketh() > before_wketh
    acting.held("wkETH", acting.wketh())
    said = acting.act("Request", "1.5", "Request")
    number = c.queue.lastTicket()
    assert f"ticket {number}" in said
    ticket = c.queue.ticket(number)
    assert (ticket.owner, ticket.amountWei) == (acting.who, 15 * ETHER // 10)
    report(world)
    button = acting.page.get_by_role("button", name=f"Claim {number}", exact=True)
    button.wait_for()
    held_wei = balance_wei(world.rpc, acting.who)
    button.click()
    acting.mined()
    assert c.queue.ticket(number).state == 3
    gained_wei = balance_wei(world.rpc, acting.who) - held_wei
    assert ticket.amountWei - ETHER // 100 < gained_wei <= ticket.amountWei
    button.wait_for(state="detached")


def test_a_local_account_goes_through_every_form(stage: Staged, browser: Browser) -> None:
    with local(stage, browser) as acting:
        through_every_form(acting)


def test_a_wallet_goes_through_every_form(stage: Staged, browser: Browser) -> None:
    with walleted(stage, browser) as acting:
        connect(acting)
        through_every_form(acting)
        asked = acting.page.evaluate("window.wallet.asked")
        assert asked.count("eth_sendTransaction") == 4
        assert asked[0] == "eth_requestAccounts"


def test_wketh_becomes_keth_again_all_of_it(stage: Staged, browser: Browser) -> None:
    with local(stage, browser) as acting:
        acting.act("Wrap", "2", "Wrap")
        acting.held("wkETH", acting.wketh())
        acting.page.get_by_role("radio", name="Unwrap", exact=True).check()
        acting.page.get_by_role("button", name="All", exact=True).click()
        acting.page.get_by_role("button", name="Unwrap", exact=True).click()
        acting.mined()
        assert acting.wketh() == 0


def test_the_keyboard_is_enough(stage: Staged, browser: Browser) -> None:
    with local(stage, browser) as acting:
        acting.page.locator("#amount").focus()
        acting.page.keyboard.type("2")
        acting.page.keyboard.press("Enter")
        assert acting.mined().startswith("2 ETH for ")


@pytest.mark.parametrize(
    ("kind", "amount", "reason"),
    [
        ("Deposit", "one", "'one' is not an amount such as 1.5"),
        ("Deposit", "1000000", "more than 1000000 ETH is needed, for gas too"),
        ("Request", "0.0001", "(amount 0.0001 ETH, min 0.001 ETH, max 1000 ETH)"),
        ("Unwrap", "1", "1 wkETH is more than the account has: 0 wkETH"),
    ],
)
def test_a_refusal_is_shown_with_value_and_bound(
    stage: Staged, browser: Browser, kind: str, amount: str, reason: str
) -> None:
    with local(stage, browser) as acting:
        acting.page.get_by_role("radio", name=kind, exact=True).check()
        acting.page.locator("#amount").fill(amount)
        acting.page.get_by_role("button", name=kind, exact=True).click()
        assert reason in acting.refused()


def test_who_declines_in_the_wallet_sends_nothing(stage: Staged, browser: Browser) -> None:
    with walleted(stage, browser) as acting:
        connect(acting)
        keth = acting.keth()
        acting.page.evaluate("window.wallet.refuses = true")
        acting.page.locator("#amount").fill("1")
        acting.page.get_by_role("button", name="Deposit", exact=True).click()
        assert acting.refused() == "You declined in the wallet; nothing was sent."
        acting.stage.pass_slots()
        assert acting.keth() == keth


def test_a_wallet_on_another_chain_is_asked_to_switch(stage: Staged, browser: Browser) -> None:
    with walleted(stage, browser) as acting:
        acting.page.evaluate("window.wallet.chain = '0x1'")
        connect(acting)
        status = acting.page.locator("#wallet-status")
        switch = acting.page.get_by_role("button", name="Switch the wallet to chain 31337")
        switch.wait_for()
        assert status.inner_text() == "the wallet is on chain 1, Keel on chain 31337"
        acting.page.locator("#amount").fill("1")
        acting.page.get_by_role("button", name="Deposit", exact=True).click()
        assert "The wallet is on chain 1, Keel on chain 31337" in acting.refused()
        acting.page.evaluate("window.wallet.knows = false")
        switch.click()
        acting.page.wait_for_selector("#wallet-status:has-text('does not know chain 31337')")
        acting.page.evaluate("window.wallet.knows = true")
        switch.click()
        acting.page.wait_for_selector("#wallet-status:has-text('connected')")
        assert "eth_sendTransaction" not in acting.page.evaluate("window.wallet.asked")
        assert acting.act("Deposit", "1", "Deposit").startswith("1 ETH for ")


def test_a_wallet_is_asked_to_show_the_tokens(stage: Staged, browser: Browser) -> None:
    c = stage.world.contracts
    asked: list[dict[str, Any]] = []

    def answer(method: str, params: Any) -> Any:
        if method == "wallet_watchAsset":
            asked.append(params)
            return len(asked) == 1
        return c.rpc.call(method, *params)

    with opened(browser, stage.url, wallet=answer) as page:
        for token, said in (
            (c.vault, "The wallet shows kETH."),
            (c.wrapped, "The wallet does not show wkETH."),
        ):
            symbol, decimals = token.symbol(), token.decimals()
            page.get_by_role("button", name=f"Add {symbol} to the wallet").click()
            page.get_by_text(said, exact=True).wait_for()
            options = {"address": token.address, "symbol": symbol, "decimals": decimals}
            assert asked[-1] == {"type": "ERC20", "options": options}
        addresses = page.locator(".contracts a").evaluate_all(
            "all => all.map((e) => e.textContent)"
        )
        assert set(addresses) == set(stage.world.manifest.addresses.values())
        page.evaluate("window.wallet.chain = '0x1'")
        page.get_by_role("button", name="Add kETH to the wallet").click()
        page.get_by_text("The wallet is on chain 1, Keel on chain 31337").wait_for()
        assert len(asked) == 2


def test_without_a_wallet_no_token_can_be_added(stage: Staged, browser: Browser) -> None:
    with local(stage, browser) as acting:
        acting.page.get_by_role("button", name="Add kETH to the wallet").click()
        acting.page.wait_for_selector("#watched:has-text('has no wallet')")


def test_a_browser_without_a_wallet_says_so(stage: Staged, browser: Browser) -> None:
    with local(stage, browser) as acting:
        acting.page.get_by_role("button", name="Connect a browser wallet").click()
        acting.page.wait_for_selector("#wallet-status:has-text('has no wallet')")


def test_the_server_sends_for_no_other_account_and_for_no_other_site(stage: Staged) -> None:
    page = httpx.get(stage.url).text
    token = page.partition('name="keel-token" content="')[2].partition('"')[0]
    own = {"Origin": stage.url, "Keel-Token": token}
    wish = {"account": stage.world.actors["depositor"], "kind": "deposit", "amount": "1"}
    stranger = {**wish, "account": "0x" + "12" * 20}
    assert httpx.post(f"{stage.url}/send", json=stranger, headers=own).status_code == 422
    foreign = {**own, "Origin": "http://attacker.example"}
    assert httpx.post(f"{stage.url}/send", json=wish, headers=foreign).status_code == 403
    assert httpx.post(f"{stage.url}/send", json=wish).status_code == 403
    assert httpx.post(f"{stage.url}/send", json=wish, headers=own).status_code == 200


def test_a_page_for_others_offers_no_account_of_the_node(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Any, browser: Browser
) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 (the address whose consequence is tested)
    with staged(validating_world, artifacts, tmp_path, host=everywhere) as stage:
        url = stage.url.replace(everywhere, "127.0.0.1")
        with opened(browser, url) as page:
            assert page.locator("#account").inner_text() == "no account: connect a wallet"


def test_a_claim_of_several_tickets_is_one_transaction(stage: Staged, browser: Browser) -> None:
    world = stage.world
    tickets = [request_ticket(world, "depositor", ETHER) for _ in range(3)]
    report(world)
    with local(stage, browser) as acting:
        acting.page.get_by_role("button", name="Claim all 3").click()
        assert acting.mined().startswith("3 tickets for 3 ETH")
        states = [world.contracts.queue.ticket(number).state for number in tickets]
        assert states == [3, 3, 3]
