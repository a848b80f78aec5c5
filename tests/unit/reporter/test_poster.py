"""A report handed to a real chain: sent once, and who is to blame when it is not taken."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keel.chain.state import block_head, chain_id
from keel.chain.transaction import await_receipt
from keel.committee.ballot import Ballot, Signature
from keel.model.constants import GWEI
from keel.reporter.figures import Figures
from keel.reporter.poster import Poster, SignatureRefusedError
from keel.service.alarms import Alarms
from keel.service.logs import open_log
from keel.service.metrics import Metrics
from keel.wallet.fees import FeePolicy
from keel.wallet.sender import Sender
from tests.deployment import Keel
from tests.unit.contracts.reporting import Reporting


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    reporting = Reporting.with_stake(keel_mainnet)
    reporting.await_final(1)
    return reporting


def poster(reporting: Reporting, folder: Path, max_fee_wei: int = 500 * GWEI) -> Poster:
    rpc, account = reporting.keel.rpc, reporting.members[0]
    metrics = Metrics("reporter")
    log = open_log("json", "reporter", io.StringIO())
    policy = FeePolicy(max_fee_wei, GWEI, 3)
    return Poster(
        bindings=reporting.keel.quick,
        sender=Sender(rpc, account, chain_id(rpc), policy, folder / "transactions.json"),
        account=account.address,
        alarms=Alarms(log, metrics),
        log=log,
        figures=Figures(metrics),
    )


def arguments(ballot: Ballot, signatures: tuple[Signature, ...]) -> tuple[Any, ...]:
    values = [signature.values() for signature in signatures]
    return (ballot.report_values, ballot.deadline, values, 0)


def test_a_report_is_sent_once_and_later_ones_are_no_fault(
    reporting: Reporting, tmp_path: Path
) -> None:
    posting = poster(reporting, tmp_path)
    ballot = reporting.ballot(reporting.quiet_report(1))
    given = arguments(ballot, reporting.sign(ballot))
    block = block_head(reporting.keel.rpc).number
    assert posting.post(ballot.report.ref_slot, given, block) is True
    (sent,) = posting.sender.waiting
    await_receipt(reporting.keel.rpc, sent.transaction_hash)
    assert reporting.oracle.lastReport().refSlot == ballot.report.ref_slot
    later = block_head(reporting.keel.rpc).number
    assert posting.post(ballot.report.ref_slot, given, later) is False
    assert posting.alarms.texts() == {}


def test_a_report_that_contradicts_the_chain_is_an_alarm_with_the_reason(
    reporting: Reporting, tmp_path: Path
) -> None:
    posting = poster(reporting, tmp_path)
    report = replace(reporting.quiet_report(1), exited_validators=1)
    ballot = reporting.ballot(report)
    given = arguments(ballot, reporting.sign(ballot))
    assert posting.post(report.ref_slot, given, block_head(reporting.keel.rpc).number) is False
    assert posting.alarms.texts() == {
        "refused": f"slot {report.ref_slot}: TooManyValidators(reported=11, staked=10)"
    }


def test_the_signer_whose_signature_is_refused_is_named(
    reporting: Reporting, tmp_path: Path
) -> None:
    posting = poster(reporting, tmp_path)
    ballot = reporting.ballot(reporting.quiet_report(1))
    first, second, third = reporting.sign(ballot)
    spoilt = (first, Signature(second.signer, third.signature), third)
    with pytest.raises(SignatureRefusedError) as refused:
        posting.post(1, arguments(ballot, spoilt), block_head(reporting.keel.rpc).number)
    assert refused.value.signer == second.signer
    assert not posting.is_waiting


def test_gas_that_is_too_expensive_is_an_alarm_until_it_is_not(
    reporting: Reporting, tmp_path: Path
) -> None:
    rpc = reporting.keel.rpc
    posting = poster(reporting, tmp_path, max_fee_wei=2 * GWEI)
    ballot = reporting.ballot(reporting.quiet_report(1))
    given = arguments(ballot, reporting.sign(ballot))
    rpc.call("anvil_setNextBlockBaseFeePerGas", hex(5 * GWEI))
    rpc.call("evm_mine")
    block = block_head(rpc).number
    assert posting.post(1, given, block) is False
    assert posting.alarms.texts().keys() == {"gas_price"}
    rpc.call("anvil_setNextBlockBaseFeePerGas", "0x0")
    rpc.call("evm_mine")
    rpc.call("anvil_setNextBlockBaseFeePerGas", "0x0")
    assert posting.post(1, given, block_head(rpc).number) is True
    assert posting.alarms.texts() == {}
