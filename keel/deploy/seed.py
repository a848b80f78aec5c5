"""The insurance fund's first shares, which nobody can move.

Without them, whatever reaches the fund before its first underwriter would belong to ERC-4626's
virtual shares for good: one share would be worth a fortune, and small deposits would revert. So
the AccessManager deposits the deployer's ether (before the hand-over the vault takes nobody
else's), and enters the fund in the transaction that sets all roles. The fund itself receives the
shares and has no way to move them, as the vault has none to move those of its first deposit
(SHR-7).
"""

from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.deploy.plan import FUND, MANAGER, Plan
from keel.deploy.sender import Sender, Sent
from keel.model.constants import FUND_SEED_WEI, FUND_VIRTUAL_SHARES, ZERO_ADDRESS

WRAPPED = "WrappedKeelEther"

LEAST_SEED_SHARES = FUND_SEED_WEI * FUND_VIRTUAL_SHARES // 1_000
"""What `verify` asks for; the seed brings fewer than it could if others send wkETH to the fund."""


def pay_seed(rpc: RpcClient, plan: Plan, sender: Sender) -> Sent | None:
    """Deposit through the AccessManager unless a run has; raises what the sender raises."""
    if _units(rpc, plan):
        return None
    vault = plan.step("StakingVault")
    arguments = [plan.addresses[MANAGER], ZERO_ADDRESS]
    data = vault.artifact.abi.function("depositWrapped", 2).encode_call(arguments)
    manager = plan.step(MANAGER)
    execute = manager.artifact.abi.function("execute", 2).encode_call([vault.address, data])
    return sender.send(manager.address, execute, FUND_SEED_WEI)


def seed_calls(rpc: RpcClient, plan: Plan) -> list[bytes]:
    """Calls of the AccessManager by which its wkETH enters the fund."""
    wrapped, fund = plan.step(WRAPPED), plan.step(FUND)
    units = _units(rpc, plan)
    approve = wrapped.artifact.abi.function("approve", 2).encode_call([fund.address, units])
    enter = fund.artifact.abi.function("deposit", 2).encode_call([units, fund.address])
    execute = plan.step(MANAGER).artifact.abi.function("execute", 2)
    return [
        execute.encode_call([target, data])
        for target, data in ((wrapped.address, approve), (fund.address, enter))
    ]


def _units(rpc: RpcClient, plan: Plan) -> int:
    wrapped = plan.step(WRAPPED)
    bound = Contract(rpc, wrapped.address, wrapped.artifact.abi)
    return int(bound.function("balanceOf")(plan.addresses[MANAGER]))
