"""A client for stories on a beacon chain: a transaction is sent, and its slot comes."""

from typing import Any

from keel.chain.rpc import RpcClient
from keel.chain.transaction import receipt_of
from keel.consensus.beacon.chain import BeaconChain

_MOST_SLOTS = 64


class SlotClient(RpcClient):
    """After each transaction slots pass until a block holds it, as for anybody on Ethereum."""

    def __init__(self, chain: BeaconChain) -> None:
        super().__init__(chain.rpc.url)
        self.chain = chain

    def call(self, method: str, *params: Any) -> Any:
        """As in RpcClient; raises NotReachedError for a transaction that no block takes."""
        answer = super().call(method, *params)
        if method == "eth_sendTransaction":
            self.chain.step()
            self.chain.run_until(
                lambda _: receipt_of(self, answer) is not None, _MOST_SLOTS, what="inclusion"
            )
        return answer
