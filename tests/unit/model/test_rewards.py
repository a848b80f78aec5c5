"""OPR-4: cumulative rewards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.errors import NothingToClaim, Refused, RewardsAboveMinted
from keel.model.rewards import RewardPool, claim_reward, distribute

mints = st.integers(0, 10**27)
operator_ids = st.integers(1, 6)
active = st.dictionaries(operator_ids, st.integers(0, 500))


@given(st.lists(st.tuples(mints, active), max_size=8))
def test_leaves_never_fall_and_never_exceed_what_was_minted(
    rounds: list[tuple[int, dict[int, int]]],
) -> None:
    leaves: dict[int, int] = {}
    minted = 0
    for shares, counts in rounds:
        minted += shares
        after = distribute(leaves, minted, counts)
        assert all(after[operator] >= leaf for operator, leaf in leaves.items())
        assert sum(after.values()) <= minted
        if sum(counts.values()):
            assert minted - sum(after.values()) < max(1, len(counts))
        leaves = after


@given(st.integers(0, 10**9), st.lists(st.tuples(operator_ids, st.integers(0, 10**9)), max_size=20))
def test_claims_never_take_more_than_was_minted_whatever_the_leaves(
    minted: int, claims: list[tuple[int, int]]
) -> None:
    pool = RewardPool(minted)
    taken = 0
    for operator, leaf in claims:
        try:
            pool, shares = claim_reward(pool, operator, leaf)
        except Refused:
            continue
        taken += shares
        assert 0 < taken <= minted
        assert pool.claimed_shares[operator] <= leaf


def test_a_leaf_pays_once() -> None:
    pool, shares = claim_reward(RewardPool(100), 3, 40)
    assert shares == 40
    with pytest.raises(NothingToClaim):
        claim_reward(pool, 3, 40)
    assert claim_reward(pool, 3, 41)[1] == 1
    assert claim_reward(pool, 4, 60)[1] == 60
    with pytest.raises(RewardsAboveMinted) as refusal:
        claim_reward(pool, 4, 61)
    assert list(refusal.value.arguments.values()) == [4, 61, 60]
