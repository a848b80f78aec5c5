"""What can be wrong with deposit data."""

from collections.abc import Sequence
from dataclasses import dataclass

from keel.errors import KeelError


@dataclass(frozen=True)
class DepositDataProblem:
    """A field of entry `index` (counted from 0; None: the file itself) that is not as expected."""

    index: int | None
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        place = "file" if self.index is None else f"entry {self.index}"
        return f"{place}, {self.field}: {self.value}, expected {self.expected}"


class DepositDataError(KeelError, ValueError):
    """Deposit data that must not be used; `problems` has every reason, never empty."""

    def __init__(self, problems: Sequence[DepositDataProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))
