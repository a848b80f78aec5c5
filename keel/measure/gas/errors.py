"""Errors of the gas measures; each message is meant for the person at the terminal."""

from keel.errors import KeelError


class GasError(KeelError):
    """Base of every error that keel.measure.gas raises on purpose."""


class SnapshotError(GasError):
    """The committed figures cannot be used."""


class CheckFailedError(GasError):
    """Figures or page are not what is committed; `findings` has one line each."""

    def __init__(self, findings: list[str]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(findings))


class UnknownOperationError(GasError):
    """No operation of that name is measured."""
