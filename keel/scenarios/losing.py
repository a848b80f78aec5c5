"""Validators are slashed, and the loss runs through the waterfall."""

from dataclasses import dataclass

from keel.model.constants import GWEI
from keel.scenarios.reporting import Reported, report
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Lost:
    """The parts of a loss, wei, as LossAbsorbed names them."""

    reported: Reported
    loss_wei: int
    unvested_wei: int
    cover_wei: int
    holders_wei: int
    tickets_wei: int


class LossNotAppliedError(Exception):
    """A loss that was to be applied at once waits for a second report."""


def lose(world: World, loss_wei: int, validators: int = 1) -> Lost:
    """Slash validators by `loss_wei` together, and let the next report apply it."""
    world.beacon.slash(loss_wei // GWEI, validators)
    reported = report(world)
    absorbed = reported.event("LossAbsorbed")
    if absorbed is None:
        raise LossNotAppliedError(
            f"a loss of {reported.judgement.lossWei} wei waits: {reported.judgement.limitWei} wei "
            "may be applied at once"
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
