"""The execution layer's part of one slot: Anvil mines the consensus layer's block."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keel.chain.deposit_contract import deposit_contract, deposits_of
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import block_head
from keel.chain.system_contracts import (
    dequeue_consolidation_requests,
    dequeue_withdrawal_requests,
    install_system_contracts,
    set_beacon_root,
)
from keel.consensus.beacon.payload import MinedSlot

WEI_PER_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Credit:
    """A withdrawal that the execution layer pays out."""

    address: str
    amount_gwei: int


class ExecutionLayer:
    """Anvil, mining on request.

    `folded_block` is the last one that a payload took over, and `folded_hash` its hash.
    """

    def __init__(self, rpc: RpcClient) -> None:
        self.rpc = rpc
        head = block_head(rpc)
        self.folded_block, self.folded_hash = head.number, head.hash
        self._deposits = deposit_contract(rpc)

    def mine_slot(
        self, timestamp: int, parent_root: bytes, fee_recipient: str, withdrawals: Sequence[Credit]
    ) -> MinedSlot:
        """Mine the slot's only block and do all that a node does around it.

        Before the block the beacon root is set (EIP-4788); after its transactions withdrawals
        are credited and the requests of EIP-7002 and EIP-7251 leave their queues. Blocks that
        another tool mined since the last slot are taken over too.
        """
        set_beacon_root(self.rpc, timestamp, parent_root)
        self.rpc.batch(
            [
                ("anvil_setCoinbase", (fee_recipient,)),
                ("evm_setNextBlockTimestamp", (hex(timestamp),)),
                ("evm_mine", ()),
            ]
        )
        self._credit(withdrawals)
        return self._take_over()

    def latest_timestamp(self) -> int:
        """Time of Anvil's latest block."""
        return block_head(self.rpc).timestamp

    def has_block(self, number: int, block_hash: str) -> bool:
        """Whether Anvil still has this very block."""
        block = self.rpc.call("eth_getBlockByNumber", hex(number), False)
        return block is not None and bool(block["hash"] == block_hash)

    def forget_since(self, number: int, block_hash: str) -> None:
        """Go back to an earlier block, after Anvil was reverted."""
        self.folded_block, self.folded_hash = number, block_hash

    def _take_over(self) -> MinedSlot:
        head = self.rpc.call("eth_getBlockByNumber", "latest", False)
        first, last = self.folded_block + 1, int(head["number"], 16)
        between = self.rpc.batch(
            [("eth_getBlockByNumber", (hex(number), False)) for number in range(first, last)]
        )
        blocks = [*between, head]
        mined = MinedSlot(
            head=head,
            gas_used=sum(int(block["gasUsed"], 16) for block in blocks),
            transactions=self._raw_transactions(blocks),
            deposits=deposits_of(self._deposits.events_between(first, last, "DepositEvent")),
            withdrawal_requests=dequeue_withdrawal_requests(self.rpc),
            consolidation_requests=dequeue_consolidation_requests(self.rpc),
        )
        self.folded_block, self.folded_hash = last, head["hash"]
        return mined

    def _raw_transactions(self, blocks: Iterable[Mapping[str, Any]]) -> list[bytes]:
        requests: list[Request] = [
            ("eth_getRawTransactionByHash", (transaction,))
            for block in blocks
            for transaction in block["transactions"]
        ]
        return [bytes.fromhex(raw[2:]) for raw in self.rpc.batch(requests)]

    def _credit(self, withdrawals: Sequence[Credit]) -> None:
        """Add withdrawals to balances, without a transaction and without gas."""
        owed: dict[str, int] = {}
        for credit in withdrawals:
            owed[credit.address] = owed.get(credit.address, 0) + credit.amount_gwei * WEI_PER_GWEI
        held = self.rpc.batch([("eth_getBalance", (address, "latest")) for address in owed])
        self.rpc.batch(
            [
                ("anvil_setBalance", (address, hex(int(balance, 16) + owed[address])))
                for address, balance in zip(owed, held, strict=True)
            ]
        )


def prepare_execution(rpc: RpcClient) -> None:
    """Give Anvil Ethereum's own contracts if it lacks them, and have it mine on request only."""
    if deposit_contract_is_missing(rpc):
        install_system_contracts(rpc)
    mine_on_request(rpc)


def mine_on_request(rpc: RpcClient) -> None:
    """Have transactions wait for a slot.

    What is estimated meanwhile is a second after the slot before: at the very time of an earlier
    transaction, one that reads the time can need less gas than it does in the next slot.
    """
    rpc.batch([("evm_setAutomine", (False,)), ("anvil_setBlockTimestampInterval", (1,))])


def mine_at_once(rpc: RpcClient) -> None:
    """Have each transaction mined in a block of its own, at the time of the slot before."""
    rpc.batch([("evm_setAutomine", (True,)), ("anvil_setBlockTimestampInterval", (0,))])


def deposit_contract_is_missing(rpc: RpcClient) -> bool:
    """Whether Anvil was started bare."""
    address = deposit_contract(rpc).address
    return bool(rpc.call("eth_getCode", address, "latest") == "0x")
