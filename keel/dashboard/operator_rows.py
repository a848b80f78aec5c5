"""Operators as the page shows them: what registry and bonds say, and how far their keys came."""

from collections import Counter
from collections.abc import Sequence
from itertools import batched

from keel.chain.contract import call_many
from keel.chain.state import BlockHead
from keel.dashboard.view import Accounts, OperatorRow
from keel.deploy.bindings import Bindings
from keel.model.constants import SHARES_PER_UNIT
from keel.model.key_stage import Stage
from keel.sight.event_index import EventIndex
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
    )
    calls = [prepare(number) for number in numbers for prepare in questions]
    answers = batched(call_many(c.rpc, calls, head.number), len(questions))
    lives = key_lives(happened.event for happened in index.events).values()
    stages = Counter((life.operator_id, life.stage) for life in lives)
    rows = []
    for number, (operator, may_stake_next, claimed, bond) in zip(numbers, answers, strict=True):
        bond_units = bond.units + bond.leavingUnits
        rows.append(
            OperatorRow(
                operator_id=number,
                name=operator.name,
                is_active=operator.active,
                is_frozen=operator.frozen,
                predeposited=stages[number, Stage.PREDEPOSITED],
                proven=stages[number, Stage.PROVEN],
                staked=operator.staked,
                limit=operator.limit,
                target_bps=operator.targetBps,
                may_stake_next=may_stake_next,
                claimed_shares=claimed,
                claimed_wei=accounts.worth_wei(claimed),
                bond_units=bond_units,
                bond_wei=accounts.worth_wei(bond_units * SHARES_PER_UNIT),
            )
        )
    return tuple(rows)
