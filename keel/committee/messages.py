"""What members send each other: JSON with integers as decimal strings and bytes as 0x hex.

Everything has a bound, so that no message can ask for more memory or work than a report is worth.
Nothing here is believed: a ballot counts by its signature, leaves by their root.
"""

from typing import Annotated, Any, Self

from eth_utils.address import is_address
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from keel.chain.abi import checksummed
from keel.committee.ballot import Ballot
from keel.model.commitment import OperatorTotals
from keel.model.report import Report

MOST_BALLOT_BYTES = 16 * 1024
MOST_BALLOTS = 1024
MOST_OPERATORS = 100_000

_MOST_DIGITS = 78  # of 2**256
_MOST_SIGNATURE_BYTES = 4096
_MOST_PLACE = 100


def _integer(value: Any) -> int:
    if not isinstance(value, str) or len(value) > _MOST_DIGITS or not value.isascii():
        raise ValueError("a decimal string is expected")
    if not value.isdigit():
        raise ValueError(f"{value!r} is not a decimal string")
    return int(value)


def _octets(value: Any) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("a string of hexadecimal with 0x is expected")
    return bytes.fromhex(value[2:])


def _account(value: str) -> str:
    if not is_address(value):
        raise ValueError(f"{value!r} is not an address")
    return checksummed(value)


Integer = Annotated[int, BeforeValidator(_integer), PlainSerializer(str), Field(ge=0)]
Octets = Annotated[
    bytes, BeforeValidator(_octets), PlainSerializer(lambda value: "0x" + value.hex())
]
Root = Annotated[Octets, Field(min_length=32, max_length=32)]
Uint16 = Annotated[Integer, Field(lt=2**16)]
Uint32 = Annotated[Integer, Field(lt=2**32)]
Uint64 = Annotated[Integer, Field(lt=2**64)]
Uint128 = Annotated[Integer, Field(lt=2**128)]
Uint256 = Annotated[Integer, Field(lt=2**256)]
Account = Annotated[str, AfterValidator(_account)]


def first_fault(error: ValidationError) -> str:
    """Which field is wrong and how, in one line, whatever name a sender gave it."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:_MOST_PLACE]
    return f"{place!r}: {first['msg']}" if place else str(first["msg"])


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReportMessage(_Message):
    """`IAccountingOracle.Report`, field by field; fields of another size are refused."""

    ref_slot: Uint64
    consensus_balance_gwei: Uint64
    withdrawal_vault_balance_wei: Uint128
    rewards_vault_balance_wei: Uint128
    active_validators: Uint32
    exited_validators: Uint32
    slashed_validators: Uint32
    active_balance_gwei: Uint64
    operators_bps: Uint16
    charged_shares: Uint128
    operators_root: Root
    validators_root: Root

    @classmethod
    def of(cls, report: Report) -> Self:
        """Wrap a report."""
        return cls.model_construct(**vars(report))

    @property
    def report(self) -> Report:
        """The report itself."""
        return Report(**dict(self))


class SignedBallot(_Message):
    """One member's signature under one report, for one set of members, until `deadline`."""

    report: ReportMessage
    member_set_nonce: Uint256
    deadline: Uint256
    signer: Account
    signature: Annotated[Octets, Field(max_length=_MOST_SIGNATURE_BYTES)]

    @classmethod
    def of(cls, ballot: Ballot, signer: str, signature: bytes) -> Self:
        """Wrap what a member signed."""
        return cls.model_construct(
            report=ReportMessage.of(ballot.report),
            member_set_nonce=ballot.member_set_nonce,
            deadline=ballot.deadline,
            signer=signer,
            signature=signature,
        )

    @property
    def ref_slot(self) -> int:
        """Reference slot of the report."""
        return self.report.ref_slot

    def ballot(self, chain_id: int, oracle: str) -> Ballot:
        """What was signed, if it was signed for this oracle."""
        return Ballot(self.report.report, self.member_set_nonce, self.deadline, chain_id, oracle)


class BallotsMessage(_Message):
    """All ballots of a reference slot that a member knows."""

    ballots: Annotated[tuple[SignedBallot, ...], Field(max_length=MOST_BALLOTS)]


class OperatorMessage(_Message):
    """One leaf under an `operatorsRoot`."""

    operator_id: Uint256
    active: Uint256
    exited: Uint256
    slashed: Uint256
    cumulative_reward_shares: Uint256
    cumulative_charged_shares: Uint256
    cumulative_weight: Uint256
    cumulative_full_weight: Uint256

    @classmethod
    def of(cls, totals: OperatorTotals) -> Self:
        """Wrap a leaf."""
        return cls.model_construct(**vars(totals))

    @property
    def totals(self) -> OperatorTotals:
        """The leaf itself."""
        return OperatorTotals(**dict(self))


class OperatorsMessage(_Message):
    """All leaves under an `operatorsRoot`, in the order of the tree."""

    operators: Annotated[tuple[OperatorMessage, ...], Field(max_length=MOST_OPERATORS)]

    @property
    def leaves(self) -> tuple[OperatorTotals, ...]:
        """The leaves themselves."""
        return tuple(operator.totals for operator in self.operators)
