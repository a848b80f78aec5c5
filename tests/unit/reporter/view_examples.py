"""Views of any keys, with nothing behind them: what `assess` is a function of."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from keel.model.commission import CommissionSpan
from keel.model.commitment import OperatorTotals
from keel.model.constants import DAY
from keel.sight.consensus_view import NO_INDEX, ConsensusView, earned_weights
from keel.sight.protocol_view import ProtocolView
from keel.sight.recorded_keys import recorded_keys
from tests.unit.sight.state_examples import OWN, pubkey

WEIGHTS = (14, 26, 14)

type Key = dict[str, int]
"""Columns of one key, and its operator."""

gweis = st.sampled_from([0, 1, 31 * 10**9, 32 * 10**9, 2048 * 10**9]) | st.integers(0, 2**41)
keys = st.lists(
    st.fixed_dictionaries(
        {
            "operator_id": st.integers(0, 3),
            "index": st.integers(0, 2**40) | st.just(NO_INDEX),
            "balance_gwei": gweis,
            "pending_gwei": gweis,
            "penalty_gwei": st.just(0) | gweis,
            "effective_gwei": gweis,
            "active": st.integers(0, 1),
            "exited": st.integers(0, 1),
            "slashed": st.integers(0, 1),
            "foreign": st.sampled_from([0, 0, 0, 1]),
            "participation": st.integers(0, 7),
        }
    ).map(lambda key: _possible(dict(key))),
    max_size=12,
)
leaves = st.dictionaries(st.integers(0, 5), st.integers(0, 10**30), max_size=5)


def consensus_of(found: list[Key], ref_slot: int = 47) -> ConsensusView:
    def column(name: str, dtype: type[np.generic]) -> NDArray[Any]:
        return np.array([key[name] for key in found], dtype)

    participation = column("participation", np.uint8)
    return ConsensusView(
        ref_slot=ref_slot,
        epoch=ref_slot // 8,
        block_number=77,
        block_hash=b"\x31" * 32,
        max_weight=sum(WEIGHTS),
        **{
            name: column(name, np.uint64)
            for name in (
                "index",
                "balance_gwei",
                "pending_gwei",
                "penalty_gwei",
                "effective_gwei",
            )
        },
        **{name: column(name, np.bool_) for name in ("active", "exited", "slashed", "foreign")},
        participation=participation,
        earned_weight=earned_weights(participation, WEIGHTS),
    )


def totals_of(previous: dict[int, int]) -> list[OperatorTotals]:
    """Leaves with these cumulative shares, and weights that differ from leaf to leaf."""
    return [
        OperatorTotals(
            number,
            active=1,
            exited=2,
            slashed=3,
            cumulative_reward_shares=shares,
            cumulative_weight=100 + number,
            cumulative_full_weight=200 + number,
        )
        for number, shares in previous.items()
    ]


def protocol_of(
    found: list[Key],
    previous: dict[int, int],
    undistributed_shares: int = 0,
    operators: int = 4,
    commissions: CommissionSpan | None = None,
) -> ProtocolView:
    """Four operators that ask for 6 %, whatever leaves there were; nothing was claimed."""
    recorded = recorded_keys((pubkey(n), key["operator_id"]) for n, key in enumerate(found))
    return ProtocolView(
        recorded=recorded,
        credentials=OWN,
        withdrawal_vault_balance_wei=5,
        rewards_vault_balance_wei=6,
        operators_root=b"\x0e" * 32,
        claimed_shares=dict.fromkeys(range(operators), 0),
        minted_shares=sum(previous.values()) + undistributed_shares,
        operator_names={number: f"Operator {number}" for number in range(operators)},
        commissions=commissions or CommissionSpan(DAY, dict.fromkeys(range(operators), 600 * DAY)),
    )


def working(operator_id: int, **changes: int) -> Key:
    """An active validator of 32 ETH that did everything."""
    usual = {
        "index": 9,
        "balance_gwei": 32 * 10**9 + 7,
        "pending_gwei": 0,
        "penalty_gwei": 0,
        "effective_gwei": 32 * 10**9,
        "active": 1,
        "exited": 0,
        "slashed": 0,
        "foreign": 0,
        "participation": 7,
    }
    return usual | {"operator_id": operator_id} | changes


def _possible(key: Key) -> Key:
    """A key that is no validator has nothing of one, and what has left is not active.

    Slashed ones lose at most their balance, others nothing.
    """
    if key["index"] == NO_INDEX:
        names = ("balance_gwei", "effective_gwei", "active", "exited", "slashed", "participation")
        key |= dict.fromkeys(names, 0)
    key["active"] &= 1 - key["exited"]
    key["penalty_gwei"] = min(key["balance_gwei"], key["penalty_gwei"]) if key["slashed"] else 0
    return key
