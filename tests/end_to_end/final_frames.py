"""What must hold whenever a report is applied, measured from outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from click.testing import CliRunner

from keel.chain.state import block_head
from keel.circle.reports import Reported, reports_between
from keel.committee.peers import Peers
from keel.consensus.beacon.outcome import SlotOutcome
from keel.model.commitment import OperatorTotals
from keel.model.constants import GWEI
from keel.reporter.command import cli
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.identity import Identity, require_identity
from keel.scenarios.real_beacon import Standing

_ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class OperatorStanding:
    """One operator's validators in the beacon state of a reference slot (REP-11, OPR-8)."""

    active: int
    exited: int
    slashed: int
    worth_gwei: int = 0
    active_gwei: int = 0
    weight: int = 0
    full_weight: int = 0


@dataclass(frozen=True)
class FinalFrame:
    """An applied report, the identity right after it, and the leaves that it commits to."""

    reported: Reported
    identity: Identity
    leaves: tuple[OperatorTotals, ...]

    @property
    def ref_slot(self) -> int:
        return self.reported.report.ref_slot


@dataclass
class FinalFrames:
    """Looks at every slot; whatever does not hold ends the story there."""

    world: CircleWorld
    applied: list[FinalFrame] = field(default_factory=list)
    announced: list[Reported] = field(default_factory=list)
    _next_block: int = 0

    def __post_init__(self) -> None:
        self._next_block = block_head(self.world.rpc).number + 1

    @property
    def last(self) -> FinalFrame:
        return self.applied[-1]

    @property
    def ref_slots(self) -> list[int]:
        return [frame.ref_slot for frame in self.applied]

    def at_every_final_frame(self, _: SlotOutcome | None = None) -> None:
        """Require the identity, and that the parts make the whole, at each report applied."""
        last_block = block_head(self.world.rpc).number
        for reported in reports_between(self.world.contracts, self._next_block, last_block):
            if reported.applied:
                identity = require_identity(self.world)
                self.applied.append(FinalFrame(reported, identity, self._sum_up(reported)))
            else:
                self.announced.append(reported)
        self._next_block = last_block + 1

    def explained(self) -> dict[str, Any]:
        """What a reporter explains of the last report is, operator by operator, what it said."""
        service = self.world.circle.reporters[0].service
        config = str(service.folder / "config.toml")
        result = CliRunner().invoke(
            cli, ["explain", str(self.last.ref_slot), "--config", config, "--json"]
        )
        assert result.exit_code == 0, result.output
        told = orjson.loads(result.stdout)
        report, operators = self.last.reported.report, told["operators"]
        assert int(told["report"]["consensus_balance_gwei"]) == report.consensus_balance_gwei
        for name, whole in (
            ("active", report.active_validators),
            ("exited", report.exited_validators),
            ("slashed", report.slashed_validators),
            ("balance_gwei", report.consensus_balance_gwei),
        ):
            assert sum(int(operator[name]) for operator in operators) == whole, name
        seen = operators_in_state(self.world, report.ref_slot)
        assert {
            int(each["operator_id"]): int(each["balance_gwei"])
            for each in operators
            if int(each["balance_gwei"])
        } == {number: each.worth_gwei for number, each in seen.items() if each.worth_gwei}
        return dict(told)

    def _sum_up(self, reported: Reported) -> tuple[OperatorTotals, ...]:
        report = reported.report
        seen = operators_in_state(self.world, report.ref_slot)
        assert sum(each.active for each in seen.values()) == report.active_validators
        assert sum(each.exited for each in seen.values()) == report.exited_validators
        assert sum(each.slashed for each in seen.values()) == report.slashed_validators
        assert sum(each.worth_gwei for each in seen.values()) == report.consensus_balance_gwei
        assert sum(each.active_gwei for each in seen.values()) == report.active_balance_gwei
        leaves = self._leaves(report.operators_root)
        before = {leaf.operator_id: leaf for leaf in (self.last.leaves if self.applied else ())}
        for leaf in leaves:
            each = seen.get(leaf.operator_id, OperatorStanding(0, 0, 0))
            assert (leaf.active, leaf.exited, leaf.slashed) == (
                each.active,
                each.exited,
                each.slashed,
            )
            old = before.get(leaf.operator_id, OperatorTotals(leaf.operator_id, 0, 0, 0, 0))
            assert leaf.cumulative_weight - old.cumulative_weight == each.weight
            assert leaf.cumulative_full_weight - old.cumulative_full_weight == each.full_weight
        self._require_all_divided(reported, leaves)
        assert set(seen) <= {leaf.operator_id for leaf in leaves}
        return leaves

    def _leaves(self, root: bytes) -> tuple[OperatorTotals, ...]:
        """What any member that is up has under a root, checked by the root."""
        if root == bytes(32):
            return ()
        urls = [
            str(process.service.serving_url)
            for process in self.world.circle.reporters
            if process.is_running and not process.is_stopped
        ]
        with Peers(urls, _ANSWER_SECONDS) as peers:
            leaves = peers.operators(root)
        assert leaves is not None, f"no member has leaves under 0x{root.hex()}"
        return leaves

    def _require_all_divided(self, reported: Reported, leaves: tuple[OperatorTotals, ...]) -> None:
        """Leaves hold all that was minted up to the state's block, but for remainders (OPR-5)."""
        given = sum(leaf.cumulative_reward_shares for leaf in leaves)
        ref_time = self.world.configuration.geometry.time_of(reported.report.ref_slot)
        minted = self._minted(self.world.beacon.block_at(ref_time))
        assert given <= minted
        if reported.report.active_validators > reported.report.slashed_validators:
            assert minted - given < len(leaves)

    def _minted(self, block: int) -> int:
        """All shares that operators were ever given."""
        vault, registry = self.world.contracts.vault, self.world.contracts.registry
        operators = range(registry.operatorCount(block=block))
        claimed = [int(registry.claimedShares(each, block=block)) for each in operators]
        return int(vault.sharesOf(registry.address, block=block)) + sum(claimed)


def operators_in_state(world: CircleWorld, ref_slot: int) -> Mapping[int, OperatorStanding]:
    """The beacon state's own words on each operator that has keys in it."""
    time = world.configuration.geometry.time_of(ref_slot)
    seen = {number: OperatorStanding(*each) for number, each in world.beacon.counts(time).items()}
    for pubkey, standing in world.beacon.standings(ref_slot).items():
        operator_id = world.beacon.operators[pubkey]
        each = seen[operator_id]
        own_gwei = standing.worth_gwei - standing.pending_gwei
        weight, full_weight = _weights(world, ref_slot, standing)
        seen[operator_id] = replace(
            each,
            worth_gwei=each.worth_gwei + standing.worth_gwei,
            active_gwei=each.active_gwei + (own_gwei if standing.active else 0),
            weight=each.weight + weight,
            full_weight=each.full_weight + full_weight,
        )
    return seen


def _weights(world: CircleWorld, ref_slot: int, standing: Standing) -> tuple[int, int]:
    """What a validator with duties earned in the previous epoch, and could have (OPR-5)."""
    if not standing.active or standing.slashed:
        return 0, 0
    chain = world.beacon.chain
    state, weights = chain.store.state_at(ref_slot), chain.spec.PARTICIPATION_FLAG_WEIGHTS
    effective_gwei = int(state.validators[standing.index].effective_balance)
    flags = state.previous_epoch_participation[standing.index]
    earned = (int(w) for bit, w in enumerate(weights) if chain.spec.has_flag(flags, bit))
    return effective_gwei * sum(earned), effective_gwei * sum(map(int, weights))


def consensus_wei(frame: FinalFrame) -> int:
    return frame.reported.report.consensus_balance_gwei * GWEI
