"""Chapters in which keys become validators: predeposit, front-run, proof, stake."""

from collections.abc import Iterator

from keel.formatting.amounts import shown_ether
from keel.model.key_stage import Stage
from keel.scenarios.chapter import Chapter, Life, name_of
from keel.scenarios.front_run import NAME, front_run
from keel.scenarios.keepers import await_staked
from keel.scenarios.operators import history_of, operators_join
from keel.scenarios.proofs import prove

VALIDATORS = 24


def _join(life: Life) -> Iterator[str]:
    for joined in operators_join(life.world, life.folder):
        yield (
            f"{joined.name} wrote {joined.file.name} with {joined.keys} BLS keys; checked, then "
            "predeposited with 1 ETH of its own each, for "
            f"{joined.gas_used // joined.keys:,} gas a key."
        )
    yield (
        "So far the pool gives nothing: nobody knows yet to whom the beacon chain will let these "
        "validators pay."
    )


def _front_run(life: Life) -> Iterator[str]:
    tried = front_run(life.world)
    before_wei, after_wei = tried.pool_wei
    yield (
        f"{NAME}, admitted as operator {tried.operator_id}, paid 1 ETH to the deposit contract "
        "with withdrawal credentials of its own, and then predeposited the same key with Keel's."
    )
    yield (
        f"{tried.slots} slots later the beacon chain had made validator {tried.index} of it. Only "
        "the first deposit's credentials count, so it pays to the "
        f"{name_of(life.world, tried.paid_to)}."
    )
    yield (
        f"A stranger proved that for {tried.gas_used:,} gas: the operator is "
        f"{'frozen' if tried.is_frozen else 'not frozen'}. To stake on the key is refused "
        f"({tried.refused_stake}), and so is another predeposit ({tried.refused_predeposit})."
    )
    yield (
        f"The pool had {shown_ether(before_wei)} ETH before and has {shown_ether(after_wei)} ETH: "
        f"the {shown_ether(tried.own_wei)} ETH that this validator has are the operator's own."
    )


def _prove(life: Life) -> Iterator[str]:
    world, first = life.world, 0
    keys = [
        each.pubkey
        for each in history_of(world).keys_at(Stage.PREDEPOSITED)
        if each.operator_id == first
    ]
    world.beacon.await_validators(keys)
    proven = prove(world, keys, "stranger")
    yield (
        "A stranger proved, by the beacon block root that the execution layer has (EIP-4788), "
        f"that {proven.keys} validators of operator {first} pay to Keel: "
        f"{proven.gas_used // proven.keys:,} gas each."
    )


def _stake(life: Life) -> Iterator[str]:
    staked = await_staked(life.circled, VALIDATORS)
    parts = ", ".join(str(count) for count in staked.by_operator.values())
    yield (
        f"The keeper proved the other {staked.proven_by_keeper} keys, and staked "
        f"{staked.validators} validators ({parts} by operator): {shown_ether(staked.amount_wei)} "
        f"ETH of the pool, {staked.gas_used // staked.validators:,} gas each."
    )
    yield (
        f"The {shown_ether(staked.bonds_wei)} ETH that operators had predeposited are wkETH of "
        "their bonds now."
    )


PREDEPOSIT = Chapter("Three operators predeposit keys from deposit-data files", _join)
FRONT_RUN = Chapter("An operator deposits first, to its own account", _front_run)
PROOF = Chapter("A stranger proves whose the validators are", _prove)
STAKE = Chapter("31 ETH follow each proven key", _stake)
