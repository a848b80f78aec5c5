"""What a client must know of a chain before it reads one: genesis, forks and every constant."""

from typing import Any

from keel.consensus.api.endpoint import Answer, Asked
from keel.consensus.api.view import ChainView

_FORK_VERSION = "_FORK_VERSION"


def genesis(view: ChainView, _asked: Asked) -> Answer:
    """Time, validators and fork version of genesis."""
    state = view.chain.state
    return Answer(
        view.containers.genesis(
            genesis_time=state.genesis_time,
            genesis_validators_root=state.genesis_validators_root,
            genesis_fork_version=view.spec.config.GENESIS_FORK_VERSION,
        )
    )


def spec_values(view: ChainView, _asked: Asked) -> Answer:
    """Constants, preset and configuration in one object, of this fork and those before it."""
    module = view.spec
    values = {name: getattr(module, name) for name in dir(module) if name.isupper()}
    values |= module.config._asdict()
    # Tools from before Fulu know the length of a slot by this name only.
    values["SECONDS_PER_SLOT"] = int(module.config.SLOT_DURATION_MS) // 1000
    values["CONFIG_NAME"] = f"keel-{view.chain.config.preset}"
    values["BLOB_SCHEDULE"] = [dict(entry) for entry in values.get("BLOB_SCHEDULE", ())]
    return Answer({name: value for name, value in values.items() if _is_value(name, value)})


def fork_schedule(view: ChainView, _asked: Asked) -> Answer:
    """Every fork up to the chain's own, in order; all of them are active from genesis."""
    config = view.spec.config
    forks = []
    previous = config.GENESIS_FORK_VERSION
    for name in (each for each in config._fields if each.endswith(_FORK_VERSION)):
        epoch = getattr(config, name.replace(_FORK_VERSION, "_FORK_EPOCH"), 0)
        current = getattr(config, name)
        forks.append({"previous_version": previous, "current_version": current, "epoch": epoch})
        previous = current
    return Answer(forks)


def deposit_contract(view: ChainView, _asked: Asked) -> Answer:
    """Where deposits are taken."""
    config = view.spec.config
    return Answer({"chain_id": config.DEPOSIT_CHAIN_ID, "address": config.DEPOSIT_CONTRACT_ADDRESS})


def _is_value(name: str, value: Any) -> bool:
    """Leave out what is not of the specification's text: classes and switches of its module."""
    named = name in ("PRESET_BASE", "CONFIG_NAME", "BLOB_SCHEDULE")
    return named or isinstance(value, (int, bytes))
