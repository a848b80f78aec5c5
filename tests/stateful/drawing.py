"""What histories are drawn from: actors, receivers, and amounts relative to what there is."""

from dataclasses import dataclass

from hypothesis import strategies as st

from keel.model.protocol import VAULT, WKETH, ZERO_ADDRESS
from tests.stateful.reading import ACTORS


@dataclass(frozen=True)
class Part:
    """A part of something in thousandths, and a little more or less."""

    permille: int
    plus: int = 0

    def of(self, whole: int) -> int:
        """The amount, never below 0."""
        return max(0, whole * self.permille // 1_000 + self.plus)


_PERMILLES = st.sampled_from([1_000, 500, 100, 10, 1, 333, 999, 1_001, 0])
_DUST = st.sampled_from([0, 0, 0, 1, -1, 2, 10**9, -(10**9), 10**18])
_relative = st.builds(Part, _PERMILLES, _DUST)
_absolute = st.builds(Part, st.just(0), st.integers(0, 10**21))
parts = _relative | _relative | _relative | _absolute

actors = st.sampled_from(ACTORS)
receivers = st.sampled_from([*ACTORS, *ACTORS, VAULT, WKETH, ZERO_ADDRESS])
owners = st.sampled_from([*ACTORS, *ACTORS, ZERO_ADDRESS])
numbers = st.integers(0, 40)
"""Tickets and hints, and some that do not exist."""
