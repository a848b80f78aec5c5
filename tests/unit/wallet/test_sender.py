"""One transaction after another, through restarts, drops, reorgs and strangers with the key."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.clock import mine
from keel.chain.errors import RpcConnectionError
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, set_balance_wei, set_runtime_code
from keel.wallet.errors import (
    InsufficientFundsError,
    JournalError,
    SenderBusyError,
    TransactionRefusedError,
)
from keel.wallet.outcomes import Outcome
from keel.wallet.sender import Sender
from tests.unit.wallet.conftest import CHAIN_ID, GWEI, POLICY, MakeSender
from tests.unit.wallet.pool import RECEIVER, pooled, send_elsewhere

_ROOT = Path(__file__).resolve().parents[3]
_REVERTS = bytes.fromhex("60006000fd")  # PUSH1 0 PUSH1 0 REVERT


def test_a_transaction_waits_in_the_pool_until_a_block_has_it(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    sender = make_sender()
    sent = sender.submit(RECEIVER, b"", 5, what="gift")
    assert pooled(rpc) == {0: sent.transaction_hash}
    assert sender.tend(1) == []
    assert sender.waiting == (sent,)
    mine(rpc)
    (settled,) = sender.tend(2)
    assert (settled.outcome, settled.sent.what) == (Outcome.MINED, "gift")
    assert settled.receipt is not None
    assert settled.receipt.transaction_hash == sent.transaction_hash
    assert balance_wei(rpc, RECEIVER) == 5
    assert not sender.waiting
    assert sender.tend(3) == []


def test_the_second_transaction_takes_the_next_nonce(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    sender = make_sender()
    for nonce in range(3):
        assert sender.submit(RECEIVER, bytes([nonce])).nonce == nonce
        mine(rpc)
        assert [each.outcome for each in sender.tend(nonce)] == [Outcome.MINED]


def test_gas_is_the_estimate_and_a_quarter(rpc: RpcClient, make_sender: MakeSender) -> None:
    sent = make_sender().submit(RECEIVER, b"", 1)
    transaction = rpc.call("eth_getTransactionByHash", sent.transaction_hash)
    assert int(transaction["gas"], 16) == 21_000 * 5 // 4
    assert int(transaction["type"], 16) == 2


def test_a_process_killed_before_the_broadcast_sends_the_same_transaction_later(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender, tmp_path: Path
) -> None:
    journal = tmp_path / "sent.json"
    killed = subprocess.run(
        [sys.executable, "-m", "tests.unit.wallet.killed_sender", rpc.url, str(journal)],
        cwd=_ROOT,
        input=reporter_account.key.hex(),
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    raw = json.loads(journal.read_text())["entries"][0]["attempts"][0]["raw"]
    assert pooled(rpc) == {}
    reborn = make_sender()
    (waiting,) = reborn.waiting
    reborn.tend(1)
    assert pooled(rpc) == {0: waiting.transaction_hash}
    assert rpc.call("eth_getRawTransactionByHash", waiting.transaction_hash) == raw
    mine(rpc)
    assert [each.outcome for each in reborn.tend(2)] == [Outcome.MINED]


def test_the_same_call_after_a_restart_signs_nothing_new(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    sent = make_sender().submit(RECEIVER, b"\1", 5)
    assert make_sender().submit(RECEIVER, b"\1", 5) == sent
    assert pooled(rpc) == {0: sent.transaction_hash}


def test_another_call_waits_for_the_first(make_sender: MakeSender) -> None:
    sender = make_sender()
    sender.submit(RECEIVER, b"\1", what="first")
    with pytest.raises(SenderBusyError, match="first with nonce 0 still waits"):
        sender.submit(RECEIVER, b"\2", what="second")


def test_a_transaction_mined_while_the_service_was_down_is_found(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    make_sender().submit(RECEIVER, b"", 5)
    mine(rpc)
    assert [each.outcome for each in make_sender().tend(9)] == [Outcome.MINED]


def test_what_the_pool_dropped_is_sent_again(rpc: RpcClient, make_sender: MakeSender) -> None:
    sender = make_sender()
    sent = sender.submit(RECEIVER, b"", 5)
    rpc.call("anvil_dropTransaction", sent.transaction_hash)
    assert pooled(rpc) == {}
    (settled,) = sender.tend(1)
    assert settled.outcome is Outcome.DROPPED
    assert sender.waiting == (sent,)
    assert pooled(rpc) == {0: sent.transaction_hash}
    assert sender.tend(2) == []


def test_a_nonce_used_by_another_transaction_is_noticed_at_the_second_head(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender
) -> None:
    sender = make_sender()
    sent = sender.submit(RECEIVER, b"", 5)
    send_elsewhere(rpc, reporter_account, sent.nonce, 50 * GWEI)
    mine(rpc)
    assert sender.tend(1) == []
    assert sender.tend(1) == []
    (settled,) = sender.tend(2)
    assert settled.outcome is Outcome.REPLACED
    assert sender.waiting == ()
    assert balance_wei(rpc, RECEIVER) == 7
    assert sender.submit(RECEIVER, b"", 5).nonce == 1


def test_a_cheaper_transaction_elsewhere_is_outbid(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender
) -> None:
    send_elsewhere(rpc, reporter_account, 0, 20 * GWEI)
    sent = make_sender().submit(RECEIVER, b"", 5)
    assert pooled(rpc) == {0: sent.transaction_hash}
    assert 20 * GWEI < sent.max_fee_wei <= POLICY.max_fee_wei
    mine(rpc)
    assert balance_wei(rpc, RECEIVER) == 5


def test_a_dearer_transaction_elsewhere_wins(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender
) -> None:
    theirs = send_elsewhere(rpc, reporter_account, 0, 99 * GWEI)
    sender = make_sender()
    sender.submit(RECEIVER, b"", 5)
    assert pooled(rpc) == {0: theirs}
    assert len(sender.waiting) == 1
    mine(rpc)
    assert sender.tend(1) == []
    assert [each.outcome for each in sender.tend(2)] == [Outcome.REPLACED]


def test_a_mined_transaction_that_a_reorg_took_back_is_sent_again(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    sender = make_sender()
    before = rpc.call("evm_snapshot")
    sent = sender.submit(RECEIVER, b"", 5)
    mine(rpc)
    assert [each.outcome for each in sender.tend(1)] == [Outcome.MINED]
    rpc.call("evm_revert", before)
    rpc.call("anvil_dropAllTransactions")
    mine(rpc)
    assert balance_wei(rpc, RECEIVER) == 0
    outcomes = [each.outcome for each in sender.tend(2)]
    assert outcomes[0] is Outcome.REORGED
    assert sender.waiting == (sent,)
    assert pooled(rpc) == {0: sent.transaction_hash}
    mine(rpc)
    assert [each.outcome for each in sender.tend(3)] == [Outcome.MINED]
    assert balance_wei(rpc, RECEIVER) == 5


def test_a_nonce_used_between_two_heads_is_taken_anew(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender, tmp_path: Path
) -> None:
    """The node answers `nonce too low`: the account was used since the count was read."""

    class Overtaken(RpcClient):
        counts = 0

        def call(self, method: str, *params: object) -> object:
            answer = super().call(method, *params)
            if method == "eth_getTransactionCount" and self.counts == 0:
                self.counts = 1
                send_elsewhere(rpc, reporter_account, 0, 50 * GWEI)
                mine(rpc)
            return answer

    sender = Sender(Overtaken(rpc.url), reporter_account, CHAIN_ID, POLICY, tmp_path / "sent.json")
    assert sender.submit(RECEIVER, b"", 5).nonce == 1
    mine(rpc)
    assert [each.outcome for each in sender.tend(1)] == [Outcome.MINED]


def test_an_account_without_ether_signs_nothing_that_waits(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender
) -> None:
    set_balance_wei(rpc, reporter_account.address, 1_000)
    sender = make_sender()
    with pytest.raises(InsufficientFundsError, match="has 1000 wei"):
        sender.submit(RECEIVER, b"")
    assert sender.waiting == ()
    assert sender.lacking is not None
    set_balance_wei(rpc, reporter_account.address, 10**18)
    assert sender.submit(RECEIVER, b"").nonce == 0
    assert sender.lacking is None


def test_a_call_that_reverts_is_refused_before_it_is_signed(
    rpc: RpcClient, make_sender: MakeSender, tmp_path: Path
) -> None:
    set_runtime_code(rpc, RECEIVER, _REVERTS)
    with pytest.raises(TransactionRefusedError, match="report is refused") as refused:
        make_sender().submit(RECEIVER, b"", what="report")
    assert refused.value.data == b""
    assert not (tmp_path / "sent.json").exists()


def test_a_call_that_reverts_when_it_is_mined_has_failed(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    sender = make_sender()
    sender.submit(RECEIVER, b"")
    set_runtime_code(rpc, RECEIVER, _REVERTS)
    mine(rpc)
    (settled,) = sender.tend(1)
    assert settled.outcome is Outcome.FAILED


def test_an_unreachable_node_leaves_the_transaction_for_later(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender, tmp_path: Path
) -> None:
    class BreaksOff(RpcClient):
        def call(self, method: str, *params: object) -> object:
            if method == "eth_sendRawTransaction":
                raise RpcConnectionError("broke off")
            return super().call(method, *params)

    sender = Sender(BreaksOff(rpc.url), reporter_account, CHAIN_ID, POLICY, tmp_path / "sent.json")
    with pytest.raises(RpcConnectionError):
        sender.submit(RECEIVER, b"", 5)
    assert len(sender.waiting) == 1
    make_sender().tend(1)
    assert len(pooled(rpc)) == 1


def test_the_journal_of_another_chain_is_refused(
    rpc: RpcClient, reporter_account: LocalAccount, make_sender: MakeSender, tmp_path: Path
) -> None:
    make_sender().submit(RECEIVER, b"")
    path = tmp_path / "sent.json"
    with pytest.raises(JournalError, match="on chain 31337, not to"):
        Sender(rpc, reporter_account, 1, POLICY, path)
    with start_anvil(AnvilOptions(mining=False, genesis_timestamp=1_700_000_000)) as other:
        sender = Sender(other.rpc, reporter_account, CHAIN_ID, POLICY, path)
        with pytest.raises(JournalError, match="of another chain, whose first block is 0x"):
            sender.tend(1)
        assert pooled(other.rpc) == {}


def test_a_damaged_journal_is_refused_in_one_line(make_sender: MakeSender, tmp_path: Path) -> None:
    make_sender().submit(RECEIVER, b"")
    path = tmp_path / "sent.json"
    whole = path.read_text()
    assert json.loads(whole)["entries"][0]["nonce"] == 0
    path.write_text(whole[: len(whole) // 2])
    with pytest.raises(JournalError, match="is damaged"):
        make_sender()
