"""A run of the chain in which everything happens that a consensus layer has to decide.

Requests that have to be ignored are part of it: a client that acts on one comes to another state.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keel.chain.state import unlocked_accounts
from keel.chain.system_contracts import WITHDRAWAL_REQUESTS, encode_withdrawal_request
from keel.chain.transaction import submit_transaction
from keel.consensus.beacon.advance import OnSlot
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.config import GWEI_PER_ETHER, ChainConfig, Fork
from keel.consensus.beacon.offences import propose_twice, vote_around, vote_twice
from keel.consensus.beacon.requests import (
    deposit,
    request_compounding,
    request_consolidation,
    request_exit,
    request_withdrawal,
    submit_deposit,
    top_up,
)
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.consensus.deposit_data import (
    FULL_DEPOSIT_GWEI,
    execution_credentials,
    make_deposit_data,
)
from keel.consensus.keys import ValidatorKey, public_key

SLOTS = 184
"""Length of the whole story: 23 epochs of the minimal preset."""

_GENESIS_TIME = 1_800_000_000
_MEV_WEI = 10**16
_MISSED_SLOTS = (5, 13, 14, 24, 29)  # two in a row, and the first one of an epoch

# Genesis validators by their part; those from 48 on are compounding.
_DOUBLE_PROPOSER = 1
_DOUBLE_VOTERS = (2, 3)
_SURROUND_VOTER = 4
_LEAVES_BY_REQUEST = 5
_LEAVES_BY_ITSELF = 6
_CONSOLIDATED = 7
_BECOMES_COMPOUNDING = 8
_ABSENT = (9, 10, 11)
_ORDINARY = 12
_RICH = 60
_CONSOLIDATION_TARGET = 61


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens after `slot`, and so shows from the next block on."""

    slot: int
    happens: Callable[[BeaconChain], None]


def story_config(fork: Fork) -> ChainConfig:
    """How the story's chain is made; verifying its signatures is left to the other client.

    With the time fixed, the same story gives the same blocks each time.
    """
    return ChainConfig(
        fork=fork,
        compounding_validators=16,
        genesis_time=_GENESIS_TIME,
        verify_own_signatures=False,
    )


def tell(chain: BeaconChain, slots: int = SLOTS, on_slot: OnSlot | None = None) -> None:
    """Let the story happen on a new chain, up to a slot."""
    for act in ACTS:
        if act.slot < slots:
            chain.to_slot(act.slot, on_slot)
            act.happens(chain)
    chain.to_slot(slots, on_slot)


def _begin(chain: BeaconChain) -> None:
    """Deposits of both kinds, one with a signature that is not valid here, and a top-up."""
    chain.fees.mev_payment_wei = _MEV_WEI
    chain.participation.miss(_MISSED_SLOTS)
    depositor = unlocked_accounts(chain.rpc)[0]
    owner = bytes.fromhex(depositor[2:])
    compounding = execution_credentials(owner, compounding=True)
    deposit(chain, _NEWCOMER, execution_credentials(owner), FULL_DEPOSIT_GWEI, depositor)
    deposit(chain, _RICH_NEWCOMER, compounding, 64 * GWEI_PER_ETHER, depositor)
    foreign = make_deposit_data(_FOREIGN, execution_credentials(owner), network="mainnet")
    submit_deposit(chain.rpc, foreign, depositor)
    top_up(chain, _RICH, 5 * GWEI_PER_ETHER, depositor)


def _leave(chain: BeaconChain) -> None:
    """Exits by both ways; a request by somebody else has no effect."""
    request_exit(chain, _LEAVES_BY_REQUEST)
    exit_voluntarily(chain, _LEAVES_BY_ITSELF)
    stranger = unlocked_accounts(chain.rpc)[1]
    data = encode_withdrawal_request(bytes(chain.state.validators[_ORDINARY].pubkey), 0)
    submit_transaction(chain.rpc, stranger, WITHDRAWAL_REQUESTS, data, value_wei=10**9)


def _consolidate(chain: BeaconChain) -> None:
    """One validator moves to another, one switches; a target of the old kind is no target."""
    request_consolidation(chain, _CONSOLIDATED, _CONSOLIDATION_TARGET)
    request_compounding(chain, _BECOMES_COMPOUNDING)
    request_consolidation(chain, _ORDINARY, _ORDINARY + 1)


def _withdraw_partly(chain: BeaconChain) -> None:
    """The compounding validator may; the other one has no right to."""
    request_withdrawal(chain, _RICH, 2 * GWEI_PER_ETHER)
    request_withdrawal(chain, _ORDINARY, 2 * GWEI_PER_ETHER)


def _exit_of(chain: BeaconChain, key: ValidatorKey) -> None:
    request_exit(chain, chain.index_of(key.public_key))


def _key(number: int) -> ValidatorKey:
    secret = int.from_bytes(b"crosscheck") + number
    return ValidatorKey("m", secret, public_key(secret))


_NEWCOMER, _RICH_NEWCOMER, _FOREIGN = (_key(number) for number in range(3))

ACTS = (
    Act(0, _begin),
    Act(9, _leave),
    Act(10, lambda chain: propose_twice(chain, _DOUBLE_PROPOSER)),
    Act(11, lambda chain: vote_twice(chain, _DOUBLE_VOTERS)),
    Act(12, _consolidate),
    Act(17, lambda chain: chain.participation.go_offline(_ABSENT)),
    Act(18, lambda chain: vote_around(chain, [_SURROUND_VOTER])),
    Act(40, lambda chain: chain.participation.come_back()),
    Act(60, _withdraw_partly),
    Act(128, lambda chain: _exit_of(chain, _NEWCOMER)),
)
