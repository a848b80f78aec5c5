"""What proofs of staked keys do to doors and bonds.

STA-7: a slashing that no report has covered counts in the frame in which it happened.
BND-2, BND-4: a key that is paid out releases its part of the bond, a slashed one forfeits it.
BND-3: what has cooled down is paid while the state is normal or dead.
"""

from dataclasses import replace

from keel.model import bonds as bond_rules
from keel.model import key_ends
from keel.model.bonds import Leaving
from keel.model.constants import GWEI
from keel.model.errors import StateNotNormal
from keel.model.frames import Deed, is_open
from keel.model.protocol.state import BONDS, Protocol


def prove_slashed(
    world: Protocol, now: int, root: bytes, balance_gwei: int, slashed_by: int
) -> Protocol:
    """Show that a staked key's validator was slashed by then (KEY-8). Raises Refused."""
    registry, key = key_ends.prove_slashed(world.registry, root)
    forfeited = _forfeited(replace(world, registry=registry), key.operator_id, key.parts)
    return note_slashing(forfeited, now, balance_gwei, slashed_by)


def note_slashing(world: Protocol, now: int, balance_gwei: int, slashed_by: int) -> Protocol:
    """Count a slashing, unless the last report has; close doors where it is much (STA-7)."""
    ref_time, slashed_at = world.accounts.ref_time, min(slashed_by, now)
    if slashed_at <= ref_time:
        return world
    frame = world.parameters.geometry.frame_of(slashed_at)
    wei = world.slashings.get(frame, 0) + balance_gwei * GWEI
    noted = replace(world, slashings={**world.slashings, frame: wei})
    return replace(noted, slashed=world.slashed or noted.is_much_slashed(ref_time, now))


def prove_withdrawn(world: Protocol, now: int, root: bytes, *, slashed: bool = False) -> Protocol:
    """Show that a key's validator has been paid out (KEY-9). Raises Refused."""
    registry, parts = key_ends.prove_withdrawn(world.registry, root, slashed=slashed)
    gone = replace(world, registry=replace(registry, last_withdrawn_at=now))
    operator_id = registry.key(root).operator_id
    if not parts:
        return gone
    if slashed:
        return _forfeited(gone, operator_id, parts)
    bond, units = bond_rules.take(world.bonds[operator_id], parts)
    leaving = Leaving(units, operator_id, now + world.parameters.bond_cooldown_seconds)
    return replace(
        gone,
        bonds={**world.bonds, operator_id: bond},
        leaving_bonds={**world.leaving_bonds, root: leaving},
    )


def _forfeited(world: Protocol, operator_id: int, parts: int) -> Protocol:
    bond, units = bond_rules.take(world.bonds[operator_id], parts)
    return replace(
        world,
        bonds={**world.bonds, operator_id: bond},
        forfeit_units=world.forfeit_units + units,
    )


def pay_bond(world: Protocol, now: int, root: bytes, receiver: str) -> tuple[Protocol, int]:
    """Pay what a key's release has left to cool down; also return the units. Raises Refused."""
    units = bond_rules.payable_units(world.leaving_bonds.get(root, Leaving()), root, now)
    state = world.state(now)
    if not is_open(Deed.BOND_PAYMENT, state):
        raise StateNotNormal(state)
    moved = world.debit_units(BONDS, units).credit_units(receiver, units)
    left = {key: leaving for key, leaving in world.leaving_bonds.items() if key != root}
    return replace(moved, leaving_bonds=left), units
