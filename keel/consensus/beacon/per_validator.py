"""What the specification computes anew for each validator, with what all share computed once.

Two fifths of an epoch's time went there. Results are those of the specification's own functions.
"""

from hashlib import sha256
from types import ModuleType
from typing import Any

from keel.consensus.beacon.shuffle import shuffled

_MOST_RANDOM = 2**16 - 1
_RANDOM_BYTES = 2
_RANDOM_PER_DIGEST = 16


def share_results(spec: ModuleType) -> None:
    """Replace six functions of a chain's own module; every function of the module calls them."""
    _choose_proposers(spec)
    _score_inactivity(spec)
    _reward_flags(spec)
    _pay_rewards(spec)
    _reward_attestations(spec)


def _choose_proposers(spec: Any) -> None:
    rounds = int(spec.SHUFFLE_ROUND_COUNT)
    most_balance = int(spec.MAX_EFFECTIVE_BALANCE_ELECTRA)

    def compute_proposer_index(state: Any, indices: Any, seed: Any) -> Any:
        order = shuffled(len(indices), bytes(seed), rounds)
        attempt, digest = 0, b""
        while True:
            candidate = indices[order[attempt % len(indices)]]
            number, place = divmod(attempt, _RANDOM_PER_DIGEST)
            if place == 0:
                digest = sha256(bytes(seed) + number.to_bytes(8, "little")).digest()
            drawn = digest[place * _RANDOM_BYTES : (place + 1) * _RANDOM_BYTES]
            balance = int(state.validators[candidate].effective_balance)
            if balance * _MOST_RANDOM >= most_balance * int.from_bytes(drawn, "little"):
                return candidate
            attempt += 1

    spec.compute_proposer_index = compute_proposer_index


def _score_inactivity(spec: Any) -> None:
    def process_inactivity_updates(state: Any) -> None:
        if spec.get_current_epoch(state) == spec.GENESIS_EPOCH:
            return
        took_part = _took_part(spec, state, spec.TIMELY_TARGET_FLAG_INDEX)
        leaks = spec.is_in_inactivity_leak(state)
        bias = int(spec.config.INACTIVITY_SCORE_BIAS)
        recovery = 0 if leaks else int(spec.config.INACTIVITY_SCORE_RECOVERY_RATE)
        for index in spec.get_eligible_validator_indices(state):
            before = int(state.inactivity_scores[index])
            score = max(before - 1, 0) if index in took_part else before + bias
            score = max(score - recovery, 0)
            if score != before:
                state.inactivity_scores[index] = spec.Uint64(score)

    spec.process_inactivity_updates = process_inactivity_updates


def _reward_flags(spec: Any) -> None:
    increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
    denominator = int(spec.WEIGHT_DENOMINATOR)

    def get_flag_index_deltas(state: Any, flag_index: int) -> tuple[list[Any], list[Any]]:
        rewards = [spec.Gwei(0)] * len(state.validators)
        penalties = list(rewards)
        took_part = _took_part(spec, state, flag_index)
        weight = int(spec.PARTICIPATION_FLAG_WEIGHTS[flag_index])
        participating = int(spec.get_total_balance(state, took_part)) // increment
        active = int(spec.get_total_active_balance(state)) // increment
        each = int(spec.get_base_reward_per_increment(state))
        leaks = spec.is_in_inactivity_leak(state)
        for index in spec.get_eligible_validator_indices(state):
            base = int(state.validators[index].effective_balance) // increment * each
            if index in took_part:
                if not leaks:
                    reward = base * weight * participating // (active * denominator)
                    rewards[index] = spec.Gwei(reward)
            elif flag_index != spec.TIMELY_HEAD_FLAG_INDEX:
                penalties[index] = spec.Gwei(base * weight // denominator)
        return rewards, penalties

    spec.get_flag_index_deltas = get_flag_index_deltas


def _pay_rewards(spec: Any) -> None:
    def process_rewards_and_penalties(state: Any) -> None:
        if spec.get_current_epoch(state) == spec.GENESIS_EPOCH:
            return
        flags = range(len(spec.PARTICIPATION_FLAG_WEIGHTS))
        deltas = [spec.get_flag_index_deltas(state, flag) for flag in flags]
        deltas.append(spec.get_inactivity_penalty_deltas(state))
        for index, before in enumerate(list(state.balances)):
            balance = int(before)
            for rewards, penalties in deltas:
                balance = max(balance + int(rewards[index]) - int(penalties[index]), 0)
            if balance != before:
                state.balances[index] = spec.Gwei(balance)

    spec.process_rewards_and_penalties = process_rewards_and_penalties


def _reward_attestations(spec: Any) -> None:
    """No attestation changes a validator, so that one reward per increment holds for all of it."""
    increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
    specified = spec.process_attestation
    shared: int | None = None

    def get_base_reward(state: Any, index: Any) -> Any:
        each = int(spec.get_base_reward_per_increment(state)) if shared is None else shared
        return spec.Gwei(int(state.validators[index].effective_balance) // increment * each)

    def process_attestation(state: Any, attestation: Any) -> None:
        nonlocal shared
        shared = int(spec.get_base_reward_per_increment(state))
        try:
            specified(state, attestation)
        finally:
            shared = None

    spec.get_base_reward = get_base_reward
    spec.process_attestation = process_attestation


def _took_part(spec: Any, state: Any, flag_index: int) -> Any:
    previous = spec.get_previous_epoch(state)
    return spec.get_unslashed_participating_indices(state, flag_index, previous)
