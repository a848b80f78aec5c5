"""Operators as the page shows them: what registry and bonds say, and how far their keys came."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import batched

from keel.chain.contract import call_many
from keel.chain.state import BlockHead
from keel.dashboard.view import Accounts, OperatorRow
from keel.deploy.bindings import Bindings
from keel.model.constants import SHARES_PER_UNIT
from keel.model.key_stage import Stage
from keel.sight.event_index import EventIndex, Happened
from keel.sight.key_lives import key_lives


def read_rows(
    c: Bindings, head: BlockHead, numbers: Sequence[int], index: EventIndex, accounts: Accounts
) -> tuple[OperatorRow, ...]:
    """Read all operators at a block; raises RpcError."""
    questions = (
        c.registry.operator.prepare,
        c.registry.mayStakeNext.prepare,
        c.registry.claimedShares.prepare,
        c.bonds.bondOf.prepare,
        c.registry.nextCommission.prepare,
    )
    calls = [prepare(number) for number in numbers for prepare in questions]
    answers = batched(call_many(c.rpc, calls, head.number), len(questions))
    lives = key_lives(happened.event for happened in index.events).values()
    stages = Counter((life.operator_id, life.stage) for life in lives)
    leaving = leaving_units(index.events)
    rows = []
    for number, answer in zip(numbers, answers, strict=True):
        operator, may_stake_next, claimed, bond, following = answer
        rows.append(
            OperatorRow(
                operator_id=number,
                name=operator.name,
                is_active=operator.active,
                is_frozen=operator.frozen,
                predeposited=stages[number, Stage.PREDEPOSITED],
                proven=stages[number, Stage.PROVEN],
                staked=operator.staked,
                paid_out=operator.withdrawn,
                limit=operator.limit,
                target_bps=operator.targetBps,
                commission_bps=operator.commissionBps,
                next_commission_bps=following.commissionBps,
                next_commission_at=following.since,
                may_stake_next=may_stake_next,
                claimed_shares=claimed,
                claimed_wei=accounts.worth_wei(claimed),
                bond_units=bond.units,
                bond_wei=accounts.worth_wei(bond.units * SHARES_PER_UNIT),
                leaving_units=leaving[number],
                leaving_wei=accounts.worth_wei(leaving[number] * SHARES_PER_UNIT),
            )
        )
    return tuple(rows)


def leaving_units(events: Iterable[Happened]) -> Counter[int]:
    """By operator: wkETH that proofs of payments released and that was not paid yet (BND-2)."""
    signs = {"BondReleased": 1, "BondPaid": -1}
    left: Counter[int] = Counter()
    for event in events:
        if event.name in signs:
            left[event.inputs["operatorId"]] += signs[event.name] * event.inputs["units"]
    return left
