"""Pauses, time, ether that arrives without a call, and a world without oracle."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from keel.model import protocol as rules
from keel.model.constants import DEAD_FRAMES, ETHER, WIND_DOWN_FRAMES
from keel.model.frames import Action
from tests.stateful.drawing import numbers
from tests.stateful.machine import Machine

FORCED_INTO = ("vault", "queue", "wrapped", "fund")
SILENCES = (0, 0, DEAD_FRAMES, WIND_DOWN_FRAMES)


class OperationRules(Machine):
    @rule(action=st.sampled_from(Action), part=st.sampled_from([0, 1, 500, 1_000, 1_001]))
    def pause(self, action: Action, part: int) -> None:
        pair = self.pair
        seconds = -(-pair.model.parameters.max_pause_seconds * part // 1_000)
        is_instant = action is Action.INSTANT_REDEMPTION
        pair.send(
            pair.keel.quick.instant if is_instant else pair.keel.quick.vault,
            "pause",
            *([] if is_instant else [int(action)]),
            seconds,
            sender="guardian",
            then=lambda: rules.pause(pair.model, pair.now, action, seconds),
        )

    @rule(permille=st.sampled_from([0, 1, 100, 500, 999]), plus=st.sampled_from([1, 12]))
    def pass_time(self, permille: int, plus: int) -> None:
        frame = self.pair.model.parameters.geometry.frame_seconds
        self.pair.jump_to(self.pair.now + frame * permille // 1_000 + plus)

    @rule(before=st.sampled_from([0, 1]), frames=st.sampled_from([1, 1, 2, 3]))
    def pass_to_reference_slot(self, before: int, frames: int) -> None:
        geometry = self.pair.model.parameters.geometry
        slot = geometry.newest_reference_slot(self.pair.now) + frames * geometry.frame_slots
        self.pair.jump_to(geometry.time_of(slot) - before)

    @rule(wei=st.integers(1, 100 * ETHER))
    def withdrawals_arrive(self, wei: int) -> None:
        self.pair.arrive(self.pair.keel.quick.withdrawal_vault, wei)

    @rule(wei=st.integers(1, ETHER))
    def rewards_arrive(self, wei: int) -> None:
        self.pair.arrive(self.pair.keel.quick.rewards_vault, wei)

    @rule(where=st.sampled_from(FORCED_INTO), wei=st.integers(1, 100 * ETHER))
    def force_ether(self, where: str, wei: int) -> None:
        """ACC-2: it changes no term."""
        self.pair.arrive(getattr(self.pair.keel.quick, where), wei)

    def finalise_without_report(self, hint: int) -> None:
        pair = self.pair
        pair.send(
            pair.keel.quick.vault,
            "finaliseWithoutReport",
            hint,
            sender="attacker",
            then=lambda: rules.finalise_without_report(pair.model, pair.now)[0],
        )

    def sweep(self) -> None:
        pair = self.pair
        pair.send(
            pair.keel.quick.vault,
            "sweepWithdrawals",
            sender="attacker",
            then=lambda: rules.sweep(pair.model, pair.now)[0],
        )

    def wind_down(self) -> None:
        pair = self.pair
        pair.send(
            pair.keel.quick.vault,
            "windDown",
            0,
            sender="attacker",
            then=lambda: rules.wind_down(pair.model, pair.now)[0],
        )

    @rule(frames=st.sampled_from(SILENCES), wei=st.integers(0, 50 * ETHER), hint=numbers)
    def do_without_oracle(self, frames: int, wei: int, hint: int) -> None:
        """What anyone may do once the oracle counts as dead, and not before."""
        frame = self.pair.model.parameters.geometry.frame_seconds
        if frames:
            self.pair.jump_to(self.pair.model.accounts.ref_time + frames * frame)
        if wei:
            self.withdrawals_arrive(wei)
        self.sweep()
        self.finalise_without_report(hint)
        self.wind_down()
