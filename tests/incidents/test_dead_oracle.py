"""Nobody keeps reports out: neither by sweeping wei by wei, nor with a fund that is broken."""

from dataclasses import replace

import pytest
from ape.contracts import ContractContainer

from keel.chain.clock import jump_to
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import force, newest_frame
from tests.unit.contracts.replaced_fund import Conduct
from tests.unit.contracts.reporting import STAKED_VALIDATORS, Reporting
from tests.unit.contracts.vaults import (
    VALIDATOR_WEI,
    ZERO_ADDRESS,
    deploy_test_contract,
    replace_modules,
    units_of,
)

NORMAL, ANNOUNCED, DEAD = State.NORMAL, State.ANNOUNCED, State.DEAD
INSURED_WEI = 50 * ETHER
LOSS_WEI = 20 * ETHER  # of 1,050 ETH, of which 0.25 % may be lost at once


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    return Reporting.with_stake(keel_mainnet)


def test_sweeping_a_wei_a_frame_does_not_keep_reports_out(
    reporting: Reporting, attacker: str
) -> None:
    keel = reporting.keel
    vault, source = keel.quick.vault, keel.quick.withdrawal_vault
    reporting.await_final(1)
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(1)))

    def sweep_after_the_slot(frame: int) -> int:
        moment = reporting.ref_time(frame) + 1
        jump_to(keel.rpc, moment - 1)
        force(keel, source.address, 1)
        reporting.next_transaction_at(moment)
        assert vault.state() == DEAD
        vault.sweepWithdrawals.send(sender=attacker)
        return moment

    swept_at = sweep_after_the_slot(15)
    balance_gwei = STAKED_VALIDATORS * VALIDATOR_WEI // GWEI  # the wei came from elsewhere
    reporting.await_final(15)
    with fails("RefTimeTooEarly", refTime=reporting.ref_time(15), laterThan=swept_at):
        reporting.submit(replace(reporting.quiet_report(15), consensus_balance_gwei=balance_gwei))
    possible_at = swept_at + 2 * keel.profile.frame_seconds
    second = reporting.ref_time(16) + 1
    with fails("SweepTooEarly", possibleAt=possible_at, nowTime=second):
        sweep_after_the_slot(16)

    reporting.await_final(16)
    report = replace(
        reporting.quiet_report(16),
        consensus_balance_gwei=balance_gwei,
        withdrawal_vault_balance_wei=1,
    )
    assert reporting.was_applied(reporting.submit(report))
    assert vault.state() == NORMAL


@pytest.mark.parametrize(
    "conduct",
    [Conduct.REVERTING, Conduct.BURNING_GAS, Conduct.ANSWERING_GARBAGE, Conduct.ANSWERING_LONG],
)
def test_a_broken_fund_does_not_stop_an_announcement(
    reporting: Reporting,
    test_contracts: dict[str, ContractContainer],
    victim: str,
    conduct: Conduct,
) -> None:
    keel = reporting.keel
    vault = keel.quick.vault
    places = (vault.address, keel.quick.queue.address, keel.quick.wrapped.address)
    fund = deploy_test_contract(keel, test_contracts, "TestFund", *places, conduct)
    insured = (fund.address, ZERO_ADDRESS)
    vault.depositWrapped.send(*insured, sender=victim, value_wei=INSURED_WEI)
    replace_modules(keel, fund=fund.address)
    frame = newest_frame(reporting)
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(frame)))

    reporting.await_final(frame + 1)
    beyond_limit = reporting.changed_report(frame + 1, -LOSS_WEI)
    assert not reporting.was_applied(reporting.submit(beyond_limit))
    assert vault.state() == ANNOUNCED
    reporting.await_final(frame + 3)
    receipt = reporting.submit(reporting.changed_report(frame + 3, -LOSS_WEI), 4)
    assert reporting.was_applied(receipt)
    (loss,) = vault.events(receipt, "LossAbsorbed")
    assert (loss.inputs["coverWei"], loss.inputs["holdersWei"]) == (0, LOSS_WEI)
    assert units_of(keel, fund.address) == INSURED_WEI
