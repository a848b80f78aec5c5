"""Read the accounts at a beacon state's block, and what the dead state would let anybody do."""

from keel.chain.abi import CustomError
from keel.chain.contract import call_many
from keel.chain.revert import Cause, Reverted
from keel.chain.state import balance_wei, block_head
from keel.deploy.bindings import Bindings
from keel.keeper.view import Coffers, Deadlock, WindDown
from keel.model.constants import GWEI

_NOBODY = "0x0000000000000000000000000000000000000001"


def read_coffers(contracts: Bindings, block_number: int) -> Coffers:
    """The accounts at a block."""
    vault, queue = contracts.vault, contracts.queue
    calls = [
        vault.bufferedWei.prepare(),
        queue.owedWei.prepare(),
        vault.stream.prepare(),
    ]
    buffered_wei, owed_wei, stream = call_many(contracts.rpc, calls, block_number)
    flows = block_head(contracts.rpc, block_number).timestamp < stream.streamEnd
    return Coffers(
        buffered_wei=buffered_wei,
        owed_wei=owed_wei,
        withdrawal_vault_wei=_balance_wei(contracts, "withdrawal_vault", block_number),
        rewards_vault_wei=_balance_wei(contracts, "rewards_vault", block_number),
        stream_wei=stream.unvestedAtStartWei if flows else 0,
        stream_seconds=stream.streamSeconds if flows else 0,
    )


def read_deadlock(contracts: Bindings, now: int, account: str | None) -> Deadlock:
    """What can be finalised and swept without a report, at the latest block."""
    vault, queue = contracts.vault, contracts.queue
    buffered_wei, consensus, pending, last_finalised = call_many(
        contracts.rpc,
        [
            vault.bufferedWei.prepare(),
            vault.consensus.prepare(),
            queue.pending.prepare(),
            queue.lastFinalised.prepare(),
        ],
    )
    _, index = pending
    held_wei = balance_wei(contracts.rpc, contracts.withdrawal_vault.address)
    from_balance_wei = min(held_wei, consensus.balanceWei)
    left_wei = (held_wei - from_balance_wei) // GWEI * GWEI
    sweepable_wei = from_balance_wei + min(left_wei, consensus.pendingWei)
    budgets_wei = (buffered_wei, buffered_wei + sweepable_wei)
    payable, more = call_many(
        contracts.rpc,
        [queue.finalisable.prepare(0, now, budget, index) for budget in budgets_wei],
    )
    sweep = _cause(contracts, "sweepWithdrawals", (), account)
    return Deadlock(
        last_finalised=last_finalised,
        payable_to=payable[0],
        payable_after_sweep=more[0],
        sweepable_wei=sweepable_wei,
        sweep_refusal=None if sweep is None else str(sweep),
        wind_down=_read_wind_down(contracts, now, index, account),
    )


def _read_wind_down(contracts: Bindings, now: int, index: int, account: str | None) -> WindDown:
    vault = contracts.vault
    live_keys = contracts.registry.totals().liveKeys
    if live_keys:
        return WindDown(live_keys)
    buffered_wei, consensus = call_many(
        contracts.rpc, [vault.bufferedWei.prepare(), vault.consensus.prepare()]
    )
    held_wei = sum(
        balance_wei(contracts.rpc, each.address)
        for each in (contracts.withdrawal_vault, contracts.rewards_vault)
    )
    last_ticket, _ = contracts.queue.finalisable(0, now, buffered_wei + held_wei, index)
    cause = _cause(contracts, "windDown", (last_ticket,), account)
    return WindDown(
        live_keys=0,
        staked_wei=consensus.balanceWei + consensus.pendingWei,
        held_wei=held_wei,
        last_ticket=last_ticket,
        refusal=None if cause is None else str(cause),
        loss_at=_loss_at(cause),
    )


def _loss_at(cause: Cause | None) -> int | None:
    """From when on the vault takes what is missing for lost, where it waits for that (STA-8)."""
    if isinstance(cause, CustomError) and cause.name == "WindDownTooEarly":
        return int(cause.inputs["possibleAt"])
    return None


def _cause(
    contracts: Bindings, function: str, arguments: tuple[int, ...], account: str | None
) -> Cause | None:
    try:
        contracts.vault.function(function)(*arguments, sender=account or _NOBODY)
    except Reverted as error:
        return error.cause
    return None


def _balance_wei(contracts: Bindings, name: str, block_number: int) -> int:
    return balance_wei(contracts.rpc, getattr(contracts, name).address, block_number)
