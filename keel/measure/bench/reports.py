"""A report built from a state's SSZ bytes, as reporters do."""

from typing import Any

import numpy as np

from keel.consensus.beacon.spec import Spec
from keel.measure.bench.states import OWN_CREDENTIALS, OWN_PERCENT
from keel.model.commission import CommissionSpan
from keel.model.commitment import OperatorTotals
from keel.model.constants import DAY, ETHER
from keel.reporter.assessment import Assessment, assess
from keel.sight.agreed_state import verified_state
from keel.sight.consensus_view import ConsensusView, consensus_view
from keel.sight.protocol_view import ProtocolView
from keel.sight.recorded_keys import Recorded

OPERATORS = 30


def report_from_ssz(spec: Spec, content: bytes, root: bytes) -> Assessment:
    """Verify the root, find the protocol's keys, and assess; raises StateRootError."""
    state = verified_state(spec, content, root)
    indices = _own_indices(len(state.validators))
    recorded = _recorded(state.validators["pubkey"][indices])
    return _assessed(consensus_view(state, recorded, OWN_CREDENTIALS), recorded)


def _own_indices(validators: int) -> list[int]:
    return [index for index in range(validators) if index % 100 < OWN_PERCENT]


def _recorded(pubkeys: np.ndarray[Any, np.dtype[np.uint8]]) -> Recorded:
    """The keys as operators staked them: in another order than the validators', all in turn."""
    count = len(pubkeys)
    order = np.random.Generator(np.random.PCG64(2)).permutation(count)
    return Recorded(pubkeys[order], (np.arange(count) % OPERATORS).astype(np.uint32))


def _assessed(view: ConsensusView, recorded: Recorded) -> Assessment:
    """With shares minted and vaults filled: amounts change nothing but digits."""
    previous = [OperatorTotals(each, 0, 0, 0, each * ETHER) for each in range(OPERATORS)]
    protocol = ProtocolView(
        recorded=recorded,
        credentials=OWN_CREDENTIALS,
        withdrawal_vault_balance_wei=1000 * ETHER,
        rewards_vault_balance_wei=10 * ETHER,
        operators_root=bytes(32),
        claimed_shares=dict.fromkeys(range(OPERATORS), 0),
        minted_shares=sum(leaf.cumulative_reward_shares for leaf in previous) + 100 * ETHER,
        operator_names={each: f"Operator {each}" for each in range(OPERATORS)},
        commissions=CommissionSpan(DAY, {each: DAY * (600 + each) for each in range(OPERATORS)}),
    )
    return assess(view, protocol, previous)
