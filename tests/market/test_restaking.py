"""rkETH over a real vault of Symbiotic: who bears a slashing, and when tickets are paid (RST)."""

import pytest

from keel.chain.clock import jump_to, now, set_next_timestamp
from keel.market.symbiotic import BURNER
from keel.market.system import Site
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.market.restaking_stage import UNITS, Stage, stage_of

FOREVER = 2**256 - 1
PENDING, CLAIMABLE, CLAIMED = 1, 2, 3


@pytest.fixture
def stage(keel: Keel, site: Site) -> Stage:
    """The holder has 60 rkETH, the depositor 30; the stranger has 10 wkETH in the vault itself."""
    stage = stage_of(keel, site)
    for name, units in (("holder", 60 * ETHER), ("depositor", 30 * ETHER)):
        stage.send(stage.restaked, "deposit", units, stage.people[name], sender=name)
    stage.send(stage.vault, "deposit", stage.people["stranger"], 10 * ETHER, sender="stranger")
    return stage


def leave(stage: Stage, name: str, shares: int) -> int:
    """Ask for a ticket and return its number."""
    stage.send(stage.restaked, "request", shares, stage.people[name], sender=name)
    return int(stage.restaked.function("lastTicket")())


class TestShares:
    def test_are_those_of_the_vault(self, stage: Stage) -> None:
        """RST-1."""
        restaked, wrapped = stage.restaked, stage.keel.quick.wrapped
        names = ("name", "symbol", "decimals", "asset", "VAULT")
        said = [restaked.function(name)() for name in names]
        token = ["Restaked Keel Ether", "rkETH", 18, wrapped.address]
        assert said == [*token, stage.vault.address]
        assert stage.shares("holder") == stage.worth("holder") == 60 * ETHER
        assert restaked.function("totalAssets")() == 90 * ETHER
        assert stage.vault.function("activeSharesOf")(restaked.address) == 90 * ETHER
        assert stage.units(restaked.address) == 0

    def test_cost_after_a_slashing_what_the_vault_gives_for_it(self, stage: Stage) -> None:
        """RST-1, both ways in: previews hold, and every rounding is against the buyer."""
        restaked, holder = stage.restaked, stage.people["holder"]
        stage.slash(33 * ETHER + 7)
        before, held = stage.units("holder"), stage.shares("holder")
        preview = restaked.function("previewDeposit")(ETHER)
        assert preview == restaked.function("convertToShares")(ETHER) > ETHER
        receipt = stage.send(restaked, "deposit", ETHER, holder, sender="holder")
        (event,) = restaked.events(receipt, "Deposit")
        assert tuple(event.inputs.values()) == (holder, holder, ETHER, preview)
        assert stage.shares("holder") == held + preview
        price = restaked.function("previewMint")(7 * ETHER + 1)
        assert price > restaked.function("convertToAssets")(7 * ETHER + 1)
        stage.send(restaked, "mint", 7 * ETHER + 1, holder, sender="holder")
        assert stage.shares("holder") == held + preview + 7 * ETHER + 1
        assert stage.units("holder") == before - ETHER - price
        vault_shares = stage.vault.function("activeSharesOf")(restaked.address)
        assert 0 <= vault_shares - restaked.function("totalSupply")() <= 2

    def test_are_not_bought_for_nothing_nor_redeemed_at_once(self, stage: Stage) -> None:
        """RST-1, RST-5."""
        restaked, holder = stage.restaked, stage.people["holder"]
        with fails("ZeroAssets"):
            stage.send(restaked, "deposit", 0, holder, sender="holder")
        for name in ("maxWithdraw", "maxRedeem"):
            assert restaked.function(name)(holder) == 0
        for name in ("previewWithdraw", "previewRedeem"):
            with fails("OnlyByTicket"):
                restaked.function(name)(1)
        with fails("ERC4626ExceededMaxRedeem", owner=holder, shares=1, max=0):
            stage.send(restaked, "redeem", 1, holder, holder, sender="holder")
        with fails("ERC4626ExceededMaxWithdraw", owner=holder, assets=1, max=0):
            stage.send(restaked, "withdraw", 1, holder, holder, sender="holder")

    def test_are_moved_by_no_gift(self, stage: Stage) -> None:
        """RST-2: wkETH sent to token and vault, and what a stranger does in rkETH's name."""
        restaked, wrapped, vault = stage.restaked, stage.keel.quick.wrapped, stage.vault
        ticket = leave(stage, "holder", 20 * ETHER)

        def seen() -> tuple[int, ...]:
            worths = (stage.worth("holder"), stage.worth("depositor"), stage.ticket(ticket).units)
            return (*worths, restaked.function("totalAssets")())

        before = seen()
        for receiver in (restaked.address, vault.address):
            stage.send(wrapped, "transfer", receiver, 5 * ETHER, sender="stranger")
        stage.send(vault, "deposit", restaked.address, 5 * ETHER, sender="stranger")
        stage.send(vault, "withdraw", restaked.address, 5 * ETHER, sender="stranger")
        assert seen() == before
        stage.next_epoch()
        stage.next_epoch()
        holder = stage.people["holder"]
        held = stage.units("holder")
        stage.send(restaked, "claim", ticket, holder, sender="holder")
        assert stage.units("holder") == held + 20 * ETHER


class TestSlashing:
    def test_is_borne_by_holders_tickets_and_the_rest_of_the_vault_alone(
        self, stage: Stage
    ) -> None:
        """RST-2, to the wei: a tenth of everything, whoever holds it and however."""
        ticket = leave(stage, "holder", 20 * ETHER)
        outside = {name: stage.units(name) for name in stage.people}
        stranger = stage.people["stranger"]
        burned = stage.units(BURNER)
        assert stage.slash(10 * ETHER) == 10 * ETHER
        assert stage.units(BURNER) == burned + 10 * ETHER
        active = 80 * ETHER - 10 * ETHER * 80 // 100
        leaving = 20 * ETHER - 10 * ETHER * 20 // 100
        assert stage.vault.function("activeStake")() == active
        assert stage.worth("holder") == 40 * ETHER * (active + 1) // (80 * ETHER + 1)
        assert stage.worth("depositor") == 30 * ETHER * (active + 1) // (80 * ETHER + 1)
        own = stage.vault.function("activeBalanceOf")(stranger)
        assert own == 10 * ETHER * (active + 1) // (80 * ETHER + 1)
        assert stage.ticket(ticket).units == 20 * ETHER * (leaving + 1) // (20 * ETHER + 1)
        assert {name: stage.units(name) for name in stage.people} == outside
        held = stage.worth("holder") + stage.worth("depositor") + stage.ticket(ticket).units
        assert 90 * ETHER - 9 * ETHER - 3 <= held <= 90 * ETHER - 9 * ETHER

    def test_reaches_a_ticket_until_its_epoch_has_ended(self, stage: Stage) -> None:
        """RST-6: what was at stake is slashed an epoch later; the next slashing spares it."""
        ticket = leave(stage, "holder", 60 * ETHER)
        epoch = stage.next_epoch()
        captured = now(stage.site.rpc) - 1
        found = stage.ticket(ticket)
        assert (found.state, found.epoch, found.units) == (PENDING, epoch, 60 * ETHER)
        assert stage.slash(20 * ETHER, captured) == 20 * ETHER
        assert stage.ticket(ticket).units == 48 * ETHER
        stage.slash(8 * ETHER)
        assert stage.ticket(ticket).units == 48 * ETHER
        stage.next_epoch()
        stage.slash(3 * ETHER, now(stage.site.rpc) - 1)
        found = stage.ticket(ticket)
        assert (found.state, found.units) == (CLAIMABLE, 48 * ETHER)

    def test_of_everything_ends_deposits_and_pays_tickets_nothing(self, stage: Stage) -> None:
        """RST-7, RST-8."""
        restaked, holder = stage.restaked, stage.people["holder"]
        ticket = leave(stage, "holder", 10 * ETHER)
        everything = stage.vault.function("totalStake")()
        limit = stage.slashable(now(stage.site.rpc))
        assert limit == everything - 10 * ETHER
        stage.slash(limit)
        stage.slash(stage.slashable(now(stage.site.rpc)))
        while left := stage.slashable(now(stage.site.rpc)):
            stage.slash(left)
        assert stage.vault.function("activeStake")() == 0
        assert stage.worth("holder") == stage.worth("depositor") == 0
        assert restaked.function("maxDeposit")(holder) == 0
        assert restaked.function("maxMint")(holder) == 0
        with fails("ERC4626ExceededMaxDeposit", receiver=holder, assets=ETHER, max=0):
            stage.send(restaked, "deposit", ETHER, holder, sender="holder")
        with fails("WorthNothing", shares=50 * ETHER):
            leave(stage, "holder", 50 * ETHER)
        worth = stage.ticket(ticket).units
        stage.next_epoch()
        stage.next_epoch()
        before = stage.units("holder")
        stage.send(restaked, "claim", ticket, holder, sender="holder")
        assert stage.units("holder") == before + worth
        assert stage.ticket(ticket).state == CLAIMED


class TestTickets:
    def test_are_claimed_from_the_second_in_which_their_epoch_ends(self, stage: Stage) -> None:
        """RST-7."""
        restaked = stage.restaked
        holder, stranger = stage.people["holder"], stage.people["stranger"]
        receipt = stage.send(restaked, "request", 20 * ETHER, holder, sender="holder")
        ticket = 1
        (event,) = restaked.events(receipt, "TicketRequested")
        told = (ticket, holder, stage.epoch() + 1, 20 * ETHER, 20 * ETHER)
        assert tuple(event.inputs.values()) == told
        found = stage.ticket(ticket)
        duration = stage.vault.function("epochDuration")()
        assert found.owner == holder
        assert found.claimableAt == stage.vault.function("nextEpochStart")() + duration
        jump_to(stage.site.rpc, found.claimableAt - 2)
        with fails("NotClaimable", ticketId=ticket, claimableAt=found.claimableAt):
            stage.send(restaked, "claim", ticket, stranger, sender="holder")
        set_next_timestamp(stage.site.rpc, found.claimableAt)
        before = stage.units("stranger")
        receipt = restaked.function("claim").send(ticket, stranger, sender=holder)
        (claimed,) = restaked.events(receipt, "TicketClaimed")
        assert tuple(claimed.inputs.values()) == (ticket, stranger, 20 * ETHER)
        assert stage.units("stranger") == before + 20 * ETHER

    def test_are_paid_once_and_to_their_owner_alone(self, stage: Stage) -> None:
        restaked = stage.restaked
        holder, stranger = stage.people["holder"], stage.people["stranger"]
        ticket = leave(stage, "holder", 20 * ETHER)
        stage.next_epoch()
        stage.next_epoch()
        refused = {"ticketId": ticket, "owner": holder, "caller": stranger}
        with fails("NotTicketOwner", **refused):
            stage.send(restaked, "claim", ticket, stranger, sender="stranger")
        for unknown in (0, ticket + 1):
            with fails("NoSuchTicket", ticketId=unknown):
                stage.send(restaked, "claim", unknown, holder, sender="holder")
            assert stage.ticket(unknown).state == 0
        stage.send(restaked, "claim", ticket, holder, sender="holder")
        with fails("AlreadyClaimed", ticketId=ticket):
            stage.send(restaked, "claim", ticket, holder, sender="holder")

    def test_of_one_epoch_are_paid_from_one_payment_of_the_vault(self, stage: Stage) -> None:
        """RST-7: in any order, also when a slashing has rounded them."""
        restaked, vault = stage.restaked, stage.vault
        wanted = {"holder": (ETHER // 3, 20 * ETHER + 1), "depositor": (7, 10 * ETHER)}
        tickets = [
            (name, leave(stage, name, shares)) for name, each in wanted.items() for shares in each
        ]
        stage.slash(13 * ETHER + 5)
        stage.next_epoch()
        epoch = stage.next_epoch() - 1
        assert not vault.function("isWithdrawalsClaimed")(epoch, restaked.address)
        for name, ticket in reversed(tickets):
            worth, before = stage.ticket(ticket).units, stage.units(name)
            stage.send(restaked, "claim", ticket, stage.people[name], sender=name)
            assert stage.units(name) == before + worth
        assert vault.function("isWithdrawalsClaimed")(epoch, restaked.address)
        assert 0 <= stage.units(restaked.address) < len(tickets)

    def test_are_given_for_shares_that_the_caller_has(self, stage: Stage) -> None:
        """RST-5: the ticket may belong to somebody else, but not to nobody."""
        restaked, holder = stage.restaked, stage.people["holder"]
        none = {"sender": holder, "balance": 60 * ETHER, "needed": 60 * ETHER + 1}
        with fails("ERC20InsufficientBalance", **none):
            leave(stage, "holder", 60 * ETHER + 1)
        with fails("WorthNothing", shares=0):
            leave(stage, "holder", 0)
        with fails("ZeroAddress", what="owner"):
            stage.send(restaked, "request", ETHER, "0x" + "0" * 40, sender="holder")
        stage.send(restaked, "request", ETHER, stage.people["depositor"], sender="holder")
        assert stage.ticket(1).owner == stage.people["depositor"]
        assert stage.shares("holder") == 59 * ETHER


class TestDepositLimits:
    def test_are_those_of_the_vault(self, stage: Stage) -> None:
        """RST-8."""
        restaked, vault, curator = stage.restaked, stage.vault, stage.site.deployer.account
        holder = stage.people["holder"]
        limits = ("maxDeposit", "maxMint")
        assert [restaked.function(name)(holder) for name in limits] == [FOREVER] * 2
        stage.slash(25 * ETHER)
        stage.send(vault, "setIsDepositLimit", True, sender=curator)
        assert [restaked.function(name)(holder) for name in limits] == [0, 0]
        stage.send(vault, "setDepositLimit", 80 * ETHER, sender=curator)
        units = restaked.function("maxDeposit")(holder)
        assert units == 5 * ETHER
        assert restaked.function("maxMint")(holder) == restaked.function("convertToShares")(units)
        with fails("ERC4626ExceededMaxDeposit", receiver=holder, assets=units + 1, max=units):
            stage.send(restaked, "deposit", units + 1, holder, sender="holder")
        shares = restaked.function("maxMint")(holder)
        stage.send(restaked, "mint", shares, holder, sender="holder")
        assert restaked.function("maxDeposit")(holder) <= 1

    def test_are_closed_by_a_whitelist_that_rketh_is_not_on(self, stage: Stage) -> None:
        """RST-8."""
        restaked, vault, curator = stage.restaked, stage.vault, stage.site.deployer.account
        holder = stage.people["holder"]
        stage.send(vault, "setDepositWhitelist", True, sender=curator)
        assert restaked.function("maxDeposit")(holder) == 0
        with fails("ERC4626ExceededMaxDeposit", receiver=holder, assets=1, max=0):
            stage.send(restaked, "deposit", 1, holder, sender="holder")
        allow = ("setDepositorWhitelistStatus", restaked.address, True)
        stage.send(vault, *allow, sender=curator)
        assert restaked.function("maxDeposit")(holder) == FOREVER
        left = stage.units("holder")
        assert left == UNITS - 60 * ETHER
        stage.send(restaked, "deposit", left, holder, sender="holder")
        assert stage.units("holder") == 0
