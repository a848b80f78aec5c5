"""A process that kills itself between journal and broadcast.

Arguments: address of the chain, file of the journal; the key comes by standard input.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from eth_account import Account

from keel.chain.rpc import RpcClient
from keel.wallet.sender import Sender
from tests.unit.wallet.conftest import CHAIN_ID, POLICY
from tests.unit.wallet.pool import RECEIVER


class _Deadly(RpcClient):
    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_sendRawTransaction":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().call(method, *params)


account = Account.from_key(sys.stdin.read().strip())
Sender(_Deadly(sys.argv[1]), account, CHAIN_ID, POLICY, Path(sys.argv[2])).submit(RECEIVER, b"", 5)
