"""What a report needs to be posted, by how the oracle judges it (REP-8)."""

from dataclasses import dataclass, replace

import pytest

from keel.committee.standing import Asked, Standing
from tests.unit.committee.committee_examples import NOW, STANDING

FRAME = 384


@dataclass(frozen=True)
class Judged:
    """What matters of the oracle's judgement; names are those of the contract."""

    drawnWei: int = 0  # noqa: N815
    limitWei: int = 0  # noqa: N815
    borneWei: int = 0  # noqa: N815

    @property
    def lossWei(self) -> int:  # noqa: N802
        """The whole loss: what the stream bears of it too."""
        return self.drawnWei + self.borneWei

    @property
    def beyondLimit(self) -> bool:  # noqa: N802
        """Whether the bucket holds less than is drawn."""
        return self.drawnWei > self.limitWei


def announced(age: int, loss_wei: int) -> Standing:
    """A loss was announced `age` seconds ago."""
    return replace(STANDING, announced_at=NOW - age, announced_wei=loss_wei)


def test_a_quorum_posts_what_is_within_the_bucket_or_not_announced_yet() -> None:
    assert STANDING.asked_of(Judged(5, 5), FRAME) == Asked(3, 0)
    assert STANDING.asked_of(Judged(6, 5), FRAME) == Asked(3, 0)
    assert announced(FRAME, 100).asked_of(Judged(5, 5), FRAME) == Asked(3, 0)


@pytest.mark.parametrize(
    ("age", "loss_wei", "signatures"),
    [
        (1, 105, 4),
        (FRAME, 105, 4),
        (FRAME, 106, 3),
        (3 * FRAME - 1, 105, 4),
        (3 * FRAME, 105, 3),
    ],
)
def test_one_more_applies_what_an_announcement_covers_and_a_quorum_announces_the_rest_anew(
    age: int, loss_wei: int, signatures: int
) -> None:
    """Neither within a frame of the announcement. The stream bears all but 6 wei of the loss."""
    asked = announced(age, 100).asked_of(Judged(6, 5, loss_wei - 6), FRAME)
    assert asked == Asked(signatures, NOW - age + FRAME)
