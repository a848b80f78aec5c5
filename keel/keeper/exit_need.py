"""How much ether the queue lacks, and which validators bring it (EXT-1 to EXT-4). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from keel.keeper.view import BeaconStanding, Coffers, Validator
from keel.model.allocation import Operator
from keel.model.constants import BPS, GWEI


@dataclass(frozen=True, slots=True)
class Room:
    """What REQ-1 takes, in parts of 32 ETH; whoever is not named may be asked for all.

    `parts` of all operators (LIM-3), None without limit; an operator can be asked while what it has
    `spare` is not below 0 (REQ-3).
    """

    parts: int | None = None
    spare: Mapping[int, int] = field(default_factory=dict)

    def takes(self, validator: Validator) -> bool:
        """Whether one can be asked for."""
        is_full = self.parts is not None and validator.parts > self.parts
        return not is_full and self.spare.get(validator.operator_id, 0) >= 0

    def after(self, asked: Iterable[Validator]) -> "Room":
        """What is left after these."""
        parts, spare = self.parts, dict(self.spare)
        for each in asked:
            parts = None if parts is None else parts - each.parts
            if each.operator_id in spare:
                spare[each.operator_id] -= each.parts
        return Room(parts, spare)


@dataclass(frozen=True, slots=True)
class Need:
    """EXT-1, term by term; all wei, all at the block of one beacon state."""

    owed_wei: int
    buffered_wei: int
    leaving_wei: int
    promised_wei: int
    vaults_wei: int
    rewards_wei: int

    @property
    def expected_wei(self) -> int:
        """What will be there in time without another exit."""
        return (
            self.buffered_wei
            + self.leaving_wei
            + self.promised_wei
            + self.vaults_wei
            + self.rewards_wei
        )

    @property
    def missing_wei(self) -> int:
        """What exits must bring; 0 when nothing is missing."""
        return max(0, self.owed_wei - self.expected_wei)


def need_of(
    coffers: Coffers,
    beacon: BeaconStanding,
    promised: Collection[bytes],
    horizon_seconds: int,
) -> Need:
    """Work out EXT-1; `promised` are keys whose asked exit the chain will act on in time."""
    return Need(
        owed_wei=coffers.owed_wei,
        buffered_wei=coffers.buffered_wei,
        leaving_wei=sum(_leaving_gwei(v, beacon.epoch) for v in beacon.validators) * GWEI,
        promised_wei=GWEI
        * sum(
            v.balance_gwei for v in beacon.validators if v.pubkey in promised and not v.is_leaving
        ),
        vaults_wei=coffers.withdrawal_vault_wei + coffers.rewards_vault_wei,
        rewards_wei=_rewards_wei(coffers, horizon_seconds),
    )


def choose_exits(
    beacon: BeaconStanding,
    operators: Sequence[Operator],
    asked: Collection[bytes],
    missing_wei: int,
    room: Room,
    *,
    refused: Collection[bytes] = (),
) -> tuple[Validator, ...]:
    """Choose validators that bring `missing_wei`, none of which could be left out or is `refused`.

    EXT-2 says which can be chosen, EXT-3 in which order, EXT-4 that none is superfluous. Those with
    a partial withdrawal that waits come last, as far as those asked before do not bring enough.
    """
    order = tuple(_in_order(beacon, operators, asked, refused))
    free = _cover((v for v in order if not v.has_partials), missing_wei, room)
    blocked_gwei = sum(
        v.balance_gwei
        for v in beacon.validators
        if v.has_partials and not v.is_leaving and v.pubkey in asked
    )
    left_wei = missing_wei - (blocked_gwei + sum(v.balance_gwei for v in free)) * GWEI
    return free + _cover((v for v in order if v.has_partials), left_wei, room.after(free))


def _cover(order: Iterable[Validator], missing_wei: int, room: Room) -> tuple[Validator, ...]:
    """As many of these as bring so much, if they do, and there is room."""
    chosen: list[Validator] = []
    brought_wei = 0
    for validator in order:
        if brought_wei >= missing_wei:
            break
        if not room.takes(validator):
            continue
        room = room.after([validator])
        chosen.append(validator)
        brought_wei += validator.balance_gwei * GWEI
    for validator in reversed(tuple(chosen)):
        without_wei = brought_wei - validator.balance_gwei * GWEI
        if without_wei >= missing_wei:
            chosen.remove(validator)
            brought_wei = without_wei
    return tuple(chosen)


def can_exit(validator: Validator, beacon: BeaconStanding) -> bool:
    """EXT-2: whether the beacon chain would act on a request for its exit.

    Now, or when no partial withdrawal of it waits any more.
    """
    return (
        validator.is_ours
        and not validator.is_leaving
        and validator.balance_gwei > 0
        and validator.mature_from(beacon.shard_committee_period) <= beacon.epoch
    )


def _in_order(
    beacon: BeaconStanding,
    operators: Sequence[Operator],
    asked: Collection[bytes],
    refused: Collection[bytes],
) -> Iterable[Validator]:
    """EXT-3: of the operator furthest above its target first, then the oldest.

    Those with partial withdrawals come after all others.
    """
    staying = [v for v in beacon.validators if _stays(v, beacon.epoch) and v.pubkey not in asked]
    held = _parts(staying)
    waiting: dict[int, list[Validator]] = {}
    for validator in sorted(staying, key=lambda v: (v.has_partials, _age(v)), reverse=True):
        if can_exit(validator, beacon) and validator.pubkey not in refused:
            waiting.setdefault(validator.operator_id, []).append(validator)
    targets = {o.operator_id: o.target_bps if o.active else 0 for o in operators}
    total = sum(held.values())
    while any(waiting.values()):
        operator_id = min(
            (number for number, left in waiting.items() if left),
            key=lambda number: (
                waiting[number][-1].has_partials,
                targets.get(number, 0) * total - held[number] * BPS,
                _age(waiting[number][-1]),
            ),
        )
        validator = waiting[operator_id].pop()
        held[operator_id] -= validator.parts
        total -= validator.parts
        yield validator


def _parts(validators: Iterable[Validator]) -> dict[int, int]:
    held: dict[int, int] = {}
    for validator in validators:
        held[validator.operator_id] = held.get(validator.operator_id, 0) + validator.parts
    return held


def _stays(validator: Validator, epoch: int) -> bool:
    return validator.activation_epoch <= epoch and not validator.is_leaving


def _age(validator: Validator) -> tuple[int, int]:
    return validator.activation_epoch, validator.index


def _leaving_gwei(validator: Validator, epoch: int) -> int:
    """A slashed one counts when all its penalties are behind it."""
    if not validator.is_leaving or not validator.is_ours:
        return 0
    if validator.slashed and validator.withdrawable_epoch > epoch:
        return 0
    return validator.balance_gwei


def _rewards_wei(coffers: Coffers, horizon_seconds: int) -> int:
    """Half of what the present stream would pay: gains end, and rewards come by sweeps."""
    if coffers.stream_seconds == 0:
        return 0
    return coffers.stream_wei * horizon_seconds // coffers.stream_seconds // 2
