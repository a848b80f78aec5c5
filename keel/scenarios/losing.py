"""Validators are slashed, and the loss runs through the waterfall."""

from dataclasses import dataclass

from keel.circle.reports import Reported
from keel.errors import KeelError
from keel.model.constants import GWEI
from keel.scenarios.reporting import report
from keel.scenarios.world import ScriptedWorld


@dataclass(frozen=True, slots=True)
class Lost:
    """The parts of a loss, wei, as LossAbsorbed names them."""

    reported: Reported
    loss_wei: int
    unvested_wei: int
    cover_wei: int
    holders_wei: int
    tickets_wei: int


class LossNotAppliedError(KeelError):
    """A report applied no loss; one beyond the limit waits for a second report."""


def lose(world: ScriptedWorld, loss_wei: int, validators: int = 1) -> Lost:
    """Slash validators by `loss_wei` together, and let the next report apply it."""
    world.beacon.slash(loss_wei // GWEI, validators)
    return lost_by(report(world))


def lost_by(reported: Reported) -> Lost:
    """What a report's loss was borne by; raises LossNotAppliedError when none was applied."""
    absorbed = reported.event("LossAbsorbed")
    if absorbed is None:
        raise LossNotAppliedError(
            f"a loss of {reported.judgement.lossWei} wei was not applied: "
            f"{reported.judgement.limitWei} wei may be applied at once"
        )
    inputs = absorbed.inputs
    return Lost(
        reported,
        inputs["lossWei"],
        inputs["unvestedWei"],
        inputs["coverWei"],
        inputs["holdersWei"],
        inputs["ticketsWei"],
    )
