"""The committee at work on the mainnet profile, with 1,000 ETH in Keel of which 320 are staked.

Frames are counted from the deployment: frame 0 is the one whose reference slot it starts from.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from ape.api.accounts import TestAccountAPI
from ape_test.accounts import TestAccount
from eth_account import Account
from eth_account.signers.local import LocalAccount

from keel.chain.clock import jump_to, now, set_next_timestamp
from keel.chain.contract import Contract
from keel.chain.state import balance_wei, chain_id, set_balance_wei
from keel.chain.transaction import Receipt
from keel.committee.ballot import Ballot, Signature, sign
from keel.deploy.contracts import AccountingOracle
from keel.deploy.profiles import USUAL_COMMISSION_BPS
from keel.model.constants import ETHER, FIRST_DEPOSIT_WEI, GWEI
from keel.model.report import Report
from tests.deployment import Keel
from tests.unit.contracts.validators import Validators

TOTAL_WEI = 1_000 * ETHER
STAKED_VALIDATORS = 10
LOSS_LIMIT_WEI = TOTAL_WEI * 25 // 10_000


@dataclass
class Reporting:
    """A deployment, its committee, and whoever posts reports."""

    keel: Keel
    members: list[LocalAccount] = field(default_factory=list)

    @classmethod
    def with_stake(cls, keel: Keel) -> "Reporting":
        """Deposit, stake, and let the first members be the deployed ones."""
        depositor = keel.actors.depositor.address
        bonds_wei = STAKED_VALIDATORS * ETHER
        amount_wei = TOTAL_WEI - FIRST_DEPOSIT_WEI - bonds_wei
        keel.quick.vault.deposit.send(depositor, depositor, sender=depositor, value_wei=amount_wei)
        validators = Validators(keel)
        validators.stake_new(validators.add_operator(), STAKED_VALIDATORS)
        return cls.of_members(keel)

    @classmethod
    def of_members(cls, keel: Keel) -> "Reporting":
        """The deployed committee, over whatever is in Keel."""
        return cls(keel, [_with_key(member) for member in keel.actors.oracle_members])

    @property
    def oracle(self) -> AccountingOracle:
        """The contract that is tested."""
        return self.keel.quick.oracle

    @property
    def poster(self) -> str:
        """Anyone."""
        return str(self.keel.actors.stranger.address)

    def ref_slot(self, frame: int) -> int:
        """Reference slot of a frame (STA-1)."""
        return (frame + 1) * self.keel.profile.frame_slots - 1

    def ref_time(self, frame: int) -> int:
        """Its time."""
        return self.keel.configuration.geometry.time_of(self.ref_slot(frame))

    def final_at(self, frame: int) -> int:
        """When it can be reported."""
        return self.ref_time(frame) + self.keel.profile.finality_seconds

    def await_final(self, frame: int) -> None:
        """Go to that moment."""
        jump_to(self.keel.rpc, self.final_at(frame))

    def next_transaction_at(self, timestamp: int) -> None:
        """Give the next transaction exactly this time."""
        set_next_timestamp(self.keel.rpc, timestamp)

    def give(self, holder: Contract, amount_wei: int) -> None:
        """Let ether arrive at WithdrawalVault or RewardsVault."""
        held_wei = balance_wei(self.keel.rpc, holder.address)
        set_balance_wei(self.keel.rpc, holder.address, held_wei + amount_wei)

    def quiet_report(self, frame: int) -> Report:
        """What the committee sees when nothing was earned and nothing lost."""
        base = self.keel.quick.vault.reportBase(self.ref_time(frame))
        return Report(
            ref_slot=self.ref_slot(frame),
            consensus_balance_gwei=base.expectedWei // GWEI,
            active_validators=base.stakedValidators,
            operators_bps=USUAL_COMMISSION_BPS,
        )

    def changed_report(self, frame: int, change_wei: int) -> Report:
        """A report with this growth or loss, in whole gwei, of the validators' balances."""
        report = self.quiet_report(frame)
        change_gwei = change_wei // GWEI
        return replace(report, consensus_balance_gwei=report.consensus_balance_gwei + change_gwei)

    def ballot(self, report: Report, deadline: int | None = None) -> Ballot:
        """What members sign; by default it holds for a frame."""
        return Ballot(
            report=report,
            member_set_nonce=self.oracle.memberSetNonce(),
            deadline=deadline or now(self.keel.rpc) + self.keel.profile.frame_seconds,
            chain_id=chain_id(self.keel.rpc),
            oracle=self.oracle.address,
        )

    def sign(self, ballot: Ballot, signatures: int = 3) -> tuple[Signature, ...]:
        """Have the first members sign."""
        return sign(ballot, self.members[:signatures])

    def submit(self, report: Report, signatures: int = 3) -> Receipt:
        """Have members sign, and somebody post."""
        ballot = self.ballot(report)
        return self.post(ballot, self.sign(ballot, signatures))

    def post(self, ballot: Ballot, signatures: tuple[Signature, ...], hint: int = 0) -> Receipt:
        """Post what was signed."""
        arguments = _arguments(ballot, signatures, hint)
        return self.oracle.submit.send(*arguments, sender=self.poster)

    def submission(self, ballot: Ballot, signatures: tuple[Signature, ...]) -> bytes:
        """Calldata of posting."""
        return self.oracle.submit.encode(*_arguments(ballot, signatures, 0))

    def was_applied(self, receipt: Receipt) -> bool:
        """Whether a posted report was applied, else it was announced; nothing else can be."""
        names = [event.name for event in self.oracle.events(receipt)]
        assert names in (["ReportApplied"], ["LossAnnounced"])
        return names == ["ReportApplied"]


def _arguments(ballot: Ballot, signatures: tuple[Signature, ...], hint: int) -> tuple[Any, ...]:
    values = [signature.values() for signature in signatures]
    return (ballot.report_values, ballot.deadline, values, hint)


def _with_key(account: TestAccountAPI) -> LocalAccount:
    assert isinstance(account, TestAccount)
    local: LocalAccount = Account.from_key(account.private_key)
    return local
