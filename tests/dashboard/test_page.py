"""In a real browser on a real chain: every number is the chain's, and the page follows it."""

from dataclasses import replace
from decimal import Decimal

from playwright.sync_api import Browser, Page

from keel.chain.state import block_head
from keel.consensus.beacon.offences import vote_twice
from keel.dashboard.votes import Cell
from keel.formatting.amounts import exact_ether
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.model.report import Report
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import look, next_reference_slot, post, report
from keel.scenarios.slashings import prove_slashed
from keel.scenarios.users import deposit, request_ticket
from keel.scenarios.validators import sign_twice
from tests.dashboard.browser import await_true, opened
from tests.dashboard.expected import expected_numbers
from tests.dashboard.stage import Staged

CHECKED = "[data-name=check][data-value=equal]"
_ELSEWHERE = {"finalised", "counted_slot", "check", "alarms"}
"""Named, but not numbers of the chain at the block; tests of their own look at them."""
_HELD = "held."

_NUMBERS = """() => Object.fromEntries(
  [...document.querySelectorAll("[data-name]")]
    .filter((each) => each.dataset.wei !== undefined || each.dataset.value !== undefined)
    .map((each) => [each.dataset.name, each.dataset.wei ?? each.dataset.value]))"""


def await_block(page: Page, world: BeaconWorld) -> int:
    """Wait until the page shows the chain's head, without loading it again."""
    number = block_head(world.rpc).number
    page.wait_for_selector(f"[data-name=block][data-value='{number}']")
    return number


def numbers(page: Page) -> dict[str, int]:
    """Numbers of the chain that the page shows, by name."""
    shown: dict[str, str] = page.evaluate(_NUMBERS)
    return {
        name: int(text)
        for name, text in shown.items()
        if name not in _ELSEWHERE and not name.startswith(_HELD) and text != "none"
    }


def test_every_number_equals_the_chains(stage: Staged, browser: Browser) -> None:
    world = stage.world
    request_ticket(world, "depositor", 5 * ETHER)
    report(world, world.members[:3])
    with opened(browser, stage.url) as page:
        _compare(page, world)
        assert "price" in numbers(page)
        request_ticket(world, "depositor", 40 * ETHER)
        underwriter, fund = world.actors["underwriter"], world.contracts.fund
        fund.startCooldown.send(fund.balanceOf(underwriter) // 3, sender=underwriter)
        _compare(page, world)
        assert "price" not in numbers(page)
        nameless = "#view :is(.amount, .number):not([data-name]):not(.told *)"
        assert page.locator(nameless).count() == 0


def test_rounded_and_exact_amounts_say_the_same(stage: Staged, browser: Browser) -> None:
    with opened(browser, stage.url) as page:
        page.wait_for_selector(CHECKED)
        amounts = page.locator(".amount").evaluate_all(
            """all => all.map((each) => [each.dataset.wei, ...[".exact", ".rounded"].map(
              (form) => each.querySelector(form).textContent)])"""
        )
        assert len(amounts) > 40
        for wei, exact, rounded in amounts:
            assert Decimal(exact) * ETHER == int(wei)
            if not rounded.startswith("<"):
                assert 0 <= Decimal(exact) - Decimal(rounded.replace(",", "")) < Decimal("0.0001")
        first = page.locator("[data-name=visible]")
        visible = int(first.get_attribute("data-wei") or "")
        assert first.inner_text() != f"{exact_ether(visible)}ETH"
        page.get_by_label("to the wei").check()
        assert first.inner_text() == f"{exact_ether(visible)}ETH"


def test_votes_are_those_of_the_transactions(stage: Staged, browser: Browser) -> None:
    world = stage.world
    reported = report(world, world.members[1:4])
    slot = reported.report.ref_slot
    with opened(browser, stage.url) as page:
        await_block(page, world)
        frames = page.locator("[data-frame]").evaluate_all("all => all.map((e) => e.dataset.frame)")
        place = frames.index(str(slot))
        for number, member in enumerate(world.members):
            cell = page.locator(f"[data-signer='{member.address}'] [data-vote]").nth(place)
            signed = Cell.POSTED if number == 1 else Cell.SIGNED
            expected = signed if 1 <= number <= 3 else Cell.LEFT_OUT
            assert cell.get_attribute("data-vote") == expected.name


def test_events_carry_the_amounts_of_the_log(stage: Staged, browser: Browser) -> None:
    world, c = stage.world, stage.world.contracts
    deposit(world, "depositor", 123_456_789_012_345_678)
    request_ticket(world, "depositor", ETHER + 1)
    with opened(browser, stage.url) as page:
        block = await_block(page, world)
        for contract, name, amount in (
            (c.vault, "Deposited", "assetsWei"),
            (c.queue, "TicketRequested", "amountWei"),
        ):
            event = contract.events_between(world.first_block, block, name)[-1]
            line = page.locator(f"li[data-transaction='{event.log.transaction_hash}']")
            shown = line.locator("[data-wei]").get_attribute("data-wei")
            assert int(shown or "") == event.inputs[amount]
            assert "depositor" in line.inner_text()


def test_the_page_follows_the_chain_by_itself(stage: Staged, browser: Browser) -> None:
    world = stage.world
    with opened(browser, stage.url) as page:
        page.evaluate("window.wasLoadedOnce = true")
        for amount_wei in (ETHER, 2 * ETHER):
            deposit(world, "depositor", amount_wei)
            block = await_block(page, world)
            assert numbers(page)["keth_supply"] == world.contracts.vault.totalSupply(block=block)
        c = world.contracts
        newest = [
            c.wrapped.convertToAssets(ETHER, block=block) / ETHER,
            c.vault.totalSupply(block=block) / ETHER,
            c.wrapped.totalSupply(block=block) / ETHER,
        ]
        series = page.evaluate("async () => (await fetch('/series')).json()")
        assert [column[-1] for column in series[1:]] == newest
        legend = page.locator(".u-legend")
        for value, digits in zip(newest, (8, 4, 4), strict=True):
            legend.get_by_text(f"{value:.{digits}f}", exact=True).first.wait_for()
        assert page.evaluate("window.wasLoadedOnce") is True


def test_open_details_focus_and_scrolling_survive_an_update(
    stage: Staged, browser: Browser
) -> None:
    with opened(browser, stage.url) as page:
        page.get_by_text("Reports as a table").click()
        page.get_by_label("Amount in ETH").fill("1.25")
        page.evaluate("document.querySelector('.told').scrollTop = 30")
        deposit(stage.world, "depositor", ETHER)
        await_block(page, stage.world)
        await_true(page, "document.querySelector('.told').scrollTop === 30")
        assert page.locator("#reports table").is_visible()
        assert page.get_by_label("Amount in ETH").input_value() == "1.25"
        assert page.evaluate("document.activeElement.id") == "amount"


def test_a_late_report_is_told_and_read_out(stage: Staged, browser: Browser) -> None:
    world = stage.world
    geometry = world.configuration.geometry
    ref_slot = next_reference_slot(world)
    late_at = (
        geometry.time_of(ref_slot)
        + world.configuration.parameters.finality_seconds
        + geometry.report_grace_seconds
    )
    slots = (late_at - block_head(world.rpc).timestamp) // geometry.seconds_per_slot
    with opened(browser, stage.url) as page:
        stage.pass_slots(slots - 1)
        await_block(page, world)
        assert page.locator("[data-alarm=late_report]").count() == 0
        stage.pass_slots(1)
        alarm = page.wait_for_selector("[data-alarm=late_report]")
        assert alarm is not None
        assert f"The report of slot {ref_slot} is late" in alarm.inner_text()
        assert "is late" in page.locator("#voice").inner_text()
        link = page.locator("[data-alarm=late_report] a").get_attribute("href")
        assert link == "/operations#late_report"
        report_of(world, ref_slot)
        page.wait_for_selector("[data-alarm=late_report]", state="detached")


def test_an_announced_loss_is_told_with_its_signers(stage: Staged, browser: Browser) -> None:
    world = stage.world
    ref_slot = next_reference_slot(world)
    world.beacon.go_to(world.configuration.geometry.time_of(ref_slot))
    seen = seen_at(world, ref_slot)
    lower = replace(
        seen,
        consensus_balance_gwei=seen.consensus_balance_gwei - 100 * 10**9,
        active_balance_gwei=seen.active_balance_gwei - 100 * 10**9,
    )
    posted = post(world, lower, world.members[:3])
    assert not posted.applied
    with opened(browser, stage.url) as page:
        await_block(page, world)
        page.wait_for_selector("[data-alarm=loss_announced]")
        assert page.locator("[data-name=state]").inner_text() == "announced"
        frame = page.locator("[data-frame]").first
        assert frame.get_attribute("data-frame") == str(ref_slot)
        votes = page.locator("[data-signer]").evaluate_all(
            "rows => rows.map((row) => row.querySelector('[data-vote]').dataset.vote)"
        )
        assert votes == ["POSTED", "SIGNED", "SIGNED", "LEFT_OUT", "LEFT_OUT"]
        line = page.locator(f"li[data-transaction='{posted.receipt.transaction_hash}']")
        shown = line.locator("[data-wei]").evaluate_all("all => all.map((e) => e.dataset.wei)")
        told = posted.event("LossAnnounced")
        assert told is not None
        assert told.inputs["lossWei"] == posted.judgement.lossWei
        assert [int(each) for each in shown] == [told.inputs["lossWei"], told.inputs["limitWei"]]


def test_a_slashed_validator_is_told_before_any_report(stage: Staged, browser: Browser) -> None:
    chain = stage.world.beacon.chain
    ours = next(iter(stage.world.beacon.standings().values())).index
    with opened(browser, stage.url) as page:
        page.wait_for_selector(CHECKED)
        assert page.locator("[data-alarm=slashed]").count() == 0
        vote_twice(chain, [ours])
        chain.to_next_epoch()
        alarm = page.wait_for_selector("[data-alarm=slashed]")
        assert alarm is not None
        assert "1 slashed validator not reported yet" in alarm.inner_text()


def test_proven_slashings_close_doors_until_a_report_counts_them(
    stage: Staged, browser: Browser
) -> None:
    world = stage.world
    slashed = sign_twice(world, 1)
    with opened(browser, stage.url) as page:
        await_block(page, world)
        assert page.locator("[data-alarm=slashings_proven]").count() == 0
        prove_slashed(world, slashed)
        world.beacon.chain.to_next_epoch()  # the page counts validators once an epoch
        _compare(page, world)
        shown = numbers(page)
        assert State(shown["state"]) is State.SLASHED
        assert shown["slashed_wei"] == 32 * ETHER > shown["slashed_limit"]
        assert shown["fund.forfeit"] > ETHER
        assert shown["depositable"] == shown["redeemable"] == shown["stakeable"] == 0
        alarm = page.locator("[data-alarm=slashings_proven]")
        assert "32 ETH of validators are proven slashed" in alarm.inner_text()
        report(world)
        await_block(page, world)
        assert alarm.count() == 0
        assert numbers(page)["fund.forfeit"] == 0


def test_an_operators_name_is_text_whatever_it_holds(stage: Staged, browser: Browser) -> None:
    world = stage.world
    name = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    manager = world.actors["stranger"]
    terms = (name, manager, manager, 1, 1, 600)
    world.send_as_role(world.contracts.registry, "addOperator", *terms)
    with opened(browser, stage.url) as page:
        shown = page.wait_for_selector("[data-name='operator.3.name']")
        assert shown is not None
        assert shown.inner_text() == name
        assert page.locator("main img, main script").count() == 0


def report_of(world: BeaconWorld, ref_slot: int) -> None:
    """Report a slot whose time has passed, once it is final."""
    post(world, seen_at(world, ref_slot), world.members)


def seen_at(world: BeaconWorld, ref_slot: int) -> Report:
    """What members see of a slot, once it is final."""
    world.beacon.await_final(world.configuration.geometry.time_of(ref_slot))
    world.beacon.follow()
    seen, _ = look(world, ref_slot)
    return seen


def _compare(page: Page, world: BeaconWorld) -> None:
    block = await_block(page, world)
    page.wait_for_selector(CHECKED)
    _await_counted(page, world)
    assert numbers(page) == expected_numbers(world, block)


def _await_counted(page: Page, world: BeaconWorld) -> None:
    """The beacon node is read a moment after the execution node."""
    epoch = world.beacon.chain.epoch
    slots = int(world.beacon.chain.spec.SLOTS_PER_EPOCH)
    await_true(
        page,
        """([epoch, slots]) => Math.floor(Number(
          document.querySelector("[data-name=counted_slot]")?.dataset.value) / slots) === epoch""",
        arg=[epoch, slots],
    )
