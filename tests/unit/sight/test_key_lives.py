"""How far each key came, by the registry's events alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.abi import Event, Log
from keel.model.commitment import public_key_hash
from keel.model.key_stage import Stage
from keel.sight.history import History
from keel.sight.key_lives import STAGE_OF


def pubkey(number: int) -> bytes:
    return number.to_bytes(48)


def event(name: str, number: int, block: int, **others: Any) -> Event:
    inputs = {"operatorId": number % 3, "pubkeyRoot": public_key_hash(pubkey(number)), **others}
    if name in ("KeyPredeposited", "KeyStaked"):
        inputs["pubkey"] = pubkey(number)
    log = Log("0x" + "00" * 20, (), b"", 0, block, "0x")
    return Event(name, inputs, log)


def test_a_key_goes_from_predeposit_over_its_proof_to_its_stake() -> None:
    events = [
        event("KeyPredeposited", 4, 10),
        event("KeyProven", 4, 20, validatorIndex=77),
        event("KeyStaked", 4, 30),
    ]
    stages = [Stage.PREDEPOSITED, Stage.PROVEN, Stage.STAKED]
    for count, stage in enumerate(stages, 1):
        (life,) = History(tuple(events[:count])).key_lives().values()
        assert (life.pubkey, life.operator_id, life.stage) == (pubkey(4), 1, stage)
        assert (life.block_number, life.changed_block) == (10, 10 * count)
        assert life.validator_index == (None if stage is Stage.PREDEPOSITED else 77)
        assert life.pubkey_root == public_key_hash(pubkey(4))


@pytest.mark.parametrize(
    ("name", "stage"), [("KeyForeign", Stage.FOREIGN), ("KeyDropped", Stage.DROPPED)]
)
def test_a_key_that_ends_elsewhere_waits_for_nothing_and_is_known_for_good(
    name: str, stage: Stage
) -> None:
    others = {"validatorIndex": 9, "credentials": bytes(32)} if stage is Stage.FOREIGN else {}
    history = History(
        (
            event("KeyPredeposited", 1, 10),
            event("KeyPredeposited", 2, 10),
            event(name, 1, 11, **others),
        )
    )
    assert [life.pubkey for life in history.keys_at(Stage.PREDEPOSITED)] == [pubkey(2)]
    assert [life.pubkey for life in history.keys_at(stage)] == [pubkey(1)]
    assert history.known_keys() == {
        pubkey(1): f"{stage.name.lower()} for operator 1",
        pubkey(2): "predeposited for operator 2",
    }


@given(st.lists(st.sampled_from(sorted(STAGE_OF)), max_size=4), st.permutations(range(5)))
def test_every_key_has_the_stage_of_its_newest_event_in_the_order_of_predeposits(
    later: list[str], order: list[int]
) -> None:
    names = [name for name in later if name != "KeyPredeposited"]
    events = [event("KeyPredeposited", number, 1) for number in order]
    events += [event(name, order[0], 2, validatorIndex=5) for name in names]
    history = History(tuple(events))
    assert list(history.key_lives()) == [pubkey(number) for number in order]
    last = STAGE_OF[names[-1]] if names else Stage.PREDEPOSITED
    assert history.key_lives()[pubkey(order[0])].stage is last
    held = {stage: history.keys_at(stage) for stage in Stage}
    assert sum(map(len, held.values())) == len(order)


def staked_keys(count: int) -> list[Event]:
    names = ("KeyPredeposited", "KeyStaked")
    return [event(name, number, 1) for number in range(count) for name in names]


def parts_of(events: list[Event]) -> list[int]:
    return [life.parts for life in History(tuple(events)).key_lives().values()]


def test_a_key_has_a_part_for_each_32_ether_and_a_merge_moves_them() -> None:
    assert parts_of([event("KeyPredeposited", 0, 1), event("KeyProven", 0, 1)]) == [0]
    events = staked_keys(2)
    assert parts_of(events) == [1, 1]
    events.append(event("KeyStakedMore", 1, 2, parts=3))
    assert parts_of(events) == [1, 4]
    roots = {"sourceRoot": public_key_hash(pubkey(1)), "targetRoot": public_key_hash(pubkey(0))}
    events += [event("KeyWithdrawn", 1, 3, validatorIndex=7), event("KeysMerged", 1, 3, **roots)]
    assert parts_of(events) == [5, 0]
    source = History(tuple(events)).key_lives()[pubkey(1)]
    assert (source.stage, source.changed_block) == (Stage.WITHDRAWN, 3)


def test_more_stake_on_a_key_is_no_other_stage_and_no_other_key() -> None:
    history = History((*staked_keys(1), event("KeyStakedMore", 0, 2, parts=1)))
    (life,) = history.keys_at(Stage.STAKED)
    assert life.changed_block == 1
    assert len(history.recorded(2)) == 1


def test_slashed_and_withdrawn_keys_stay_recorded_as_staked() -> None:
    ends = [event("KeySlashed", 0, 2, validatorIndex=7), event("KeyWithdrawn", 1, 2)]
    history = History((*staked_keys(3), *ends))
    stages = (Stage.SLASHED, Stage.WITHDRAWN, Stage.STAKED)
    assert [life.stage for life in history.key_lives().values()] == list(stages)
    assert len(history.recorded(2)) == 3
