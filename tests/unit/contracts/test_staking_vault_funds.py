"""A fund that breaks, lies or comes back: reports apply all the same, and the books stay true."""

from collections.abc import Callable

import pytest
from ape.contracts import ContractContainer

from keel.chain.abi import CustomError
from keel.chain.clock import jump_to, reverting
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER, SHARES_PER_UNIT
from tests.deployment import Keel
from tests.unit.contracts.hands import next_reference_slot
from tests.unit.contracts.replaced_fund import Conduct, replace_fund
from tests.unit.contracts.vaults import (
    accounts_of,
    apply,
    change,
    inputs_of,
    insure,
    shares_of,
    stake_most,
    units_of,
)

LOSS_WEI = 2 * ETHER
COVER_GAS = 200_000

type Installer = Callable[[Conduct], Contract]


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    return stake_most(keel)


@pytest.fixture
def install(
    keel: Keel, vault: StakingVault, test_contracts: dict[str, ContractContainer]
) -> Installer:
    """Puts a fund in the place of the deployed one, once ether is staked."""
    assert vault.consensus().balanceWei
    return lambda conduct: replace_fund(keel, test_contracts, conduct)


def absorbed(vault: StakingVault, receipt: Receipt) -> tuple[int, int, int]:
    """Cover in wei, cover in shares, and what holders bore."""
    (event,) = vault.events(receipt, "LossAbsorbed")
    return event.inputs["coverWei"], event.inputs["coverShares"], event.inputs["holdersWei"]


class TestCoverFailed:
    @pytest.mark.parametrize("conduct", [Conduct.REVERTING, Conduct.BURNING_GAS])
    def test_the_loss_goes_on_to_holders(
        self, vault: StakingVault, keel: Keel, install: Installer, conduct: Conduct
    ) -> None:
        fund = install(conduct)
        receipt = change(keel, -LOSS_WEI)
        (failed,) = vault.events(receipt, "CoverFailed")
        assert failed.inputs == {
            "cover": fund.address,
            "sharesAsked": LOSS_WEI * SHARES_PER_UNIT,
        }
        assert absorbed(vault, receipt) == (0, 0, LOSS_WEI)
        assert units_of(keel, fund.address) == 50 * ETHER

    @pytest.mark.parametrize("conduct", [Conduct.ANSWERING_GARBAGE, Conduct.ANSWERING_LONG])
    def test_an_answer_without_units_counts_as_none(
        self, vault: StakingVault, keel: Keel, install: Installer, conduct: Conduct
    ) -> None:
        install(conduct)
        receipt = change(keel, -LOSS_WEI)
        assert vault.events(receipt, "CoverFailed") == []
        assert absorbed(vault, receipt) == (0, 0, LOSS_WEI)

    def test_the_deployed_fund_does_not_fail(self, vault: StakingVault, keel: Keel) -> None:
        insure(keel, 50 * ETHER)
        receipt = change(keel, -LOSS_WEI)
        assert vault.events(receipt, "CoverFailed") == []
        assert absorbed(vault, receipt) == (LOSS_WEI, LOSS_WEI * SHARES_PER_UNIT, 0)


class TestHandedOver:
    def test_exactly_what_was_asked(
        self, vault: StakingVault, keel: Keel, install: Installer
    ) -> None:
        fund = install(Conduct.EXACT)
        assert absorbed(vault, change(keel, -LOSS_WEI))[0] == LOSS_WEI
        assert units_of(keel, fund.address) == 48 * ETHER

    def test_less_covers_less(self, vault: StakingVault, keel: Keel, install: Installer) -> None:
        install(Conduct.HANDING_OVER_HALF)
        half = LOSS_WEI // 2
        assert absorbed(vault, change(keel, -LOSS_WEI)) == (half, half * SHARES_PER_UNIT, half)

    def test_more_is_not_burned(self, vault: StakingVault, keel: Keel, install: Installer) -> None:
        fund = install(Conduct.HANDING_OVER_MORE)
        more = fund.function("MORE_UNITS")()
        receipt = change(keel, -LOSS_WEI)
        assert absorbed(vault, receipt) == (LOSS_WEI, LOSS_WEI * SHARES_PER_UNIT, 0)
        assert units_of(keel, vault.address) == more
        receipt = change(keel, -LOSS_WEI)
        assert absorbed(vault, receipt)[0] == LOSS_WEI
        assert units_of(keel, vault.address) == 2 * more


class TestComingBack:
    @pytest.mark.parametrize("conduct", [Conduct.DEPOSITING, Conduct.REQUESTING])
    def test_leaves_every_share_and_every_wei_accounted_for(
        self, vault: StakingVault, keel: Keel, install: Installer, conduct: Conduct
    ) -> None:
        fund = install(conduct)
        depositor = keel.actors.depositor.address
        vault.transfer.send(fund.address, 2 * ETHER, sender=depositor)
        ref_time = next_reference_slot(keel)
        jump_to(keel.rpc, ref_time + 1)  # so that the fund's ticket is too young to be paid
        receipt = apply(keel, inputs_of(keel, ref_time, -LOSS_WEI))
        assert vault.events(receipt, "CoverFailed") == []
        assert absorbed(vault, receipt)[0] == LOSS_WEI
        holders = (depositor, vault.address, fund.address, keel.quick.wrapped.address)
        accounts = accounts_of(keel)
        assert sum(shares_of(keel, *holders)) == accounts.shares
        owed_wei = keel.quick.queue.owedWei()
        assert owed_wei == (ETHER if conduct is Conduct.REQUESTING else 0)
        assert vault.bufferedWei() == accounts.buffered_wei(owed_wei)
        assert vault.bufferedWei() == balance_wei(keel.rpc, vault.address)


class TestGas:
    def test_too_little_for_cover_reverts_and_a_little_more_does_not(
        self, vault: StakingVault, keel: Keel
    ) -> None:
        insure(keel, 50 * ETHER)
        inputs = inputs_of(keel, next_reference_slot(keel), -LOSS_WEI)
        short: list[int] = []
        for gas in range(230_000, 500_000, 10_000):
            with reverting(keel.rpc):
                try:
                    receipt = apply(keel, inputs, gas)
                except Reverted as failure:
                    left = left_of(failure)
                    short += [left] if left is not None else []
                else:
                    assert absorbed(vault, receipt)[0] == LOSS_WEI
                    break
        else:
            pytest.fail("no amount of gas was enough")
        assert short  # before the bonds are asked, then before the fund is
        assert max(short) < COVER_GAS


def left_of(failure: Reverted) -> int | None:
    """Gas left when the vault refused to call the fund; no other refusal may name an error."""
    cause = failure.cause
    if not isinstance(cause, CustomError):
        return None
    assert cause.name == "TooLittleGasForCover"
    assert cause.inputs["needed"] == COVER_GAS
    return int(cause.inputs["left"])
