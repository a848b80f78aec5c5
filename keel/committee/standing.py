"""Committee and reports on chain at one head, read each time."""

from dataclasses import dataclass, field
from typing import Any

from keel.chain.contract import PreparedCall, call_many
from keel.chain.state import BlockHead, balance_wei, block_head
from keel.committee.tally import Terms
from keel.deploy.bindings import Bindings
from keel.model.constants import ANNOUNCEMENT_FRAMES


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report needs to be posted: signatures, and a time from which it makes sense."""

    signatures: int
    not_before: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The contracts' own numbers at `head`.

    `announced_at` and `announced_wei` are 0 while nothing is announced, `account_wei` for a
    reporter without key.
    """

    head: BlockHead
    terms: Terms
    last_ref_slot: int
    last_ref_time: int
    consensus_wei: int
    active_validators: int
    exited_validators: int
    slashed_validators: int
    operators_root: bytes
    announced_at: int
    announced_wei: int
    account_wei: int

    @property
    def now(self) -> int:
        """The chain's time, by which everything is decided."""
        return self.head.timestamp

    def asked_of(self, judgement: Any, frame_seconds: int) -> Asked:
        """Say what a report needs that the oracle judged so (REP-7, REP-8).

        A loss beyond the bucket applies once an announcement that covers it is a frame old. One
        that no announcement covers is announced anew, but not within a frame of the last.
        """
        if not (judgement.beyondLimit and self.announced_at):
            return Asked(self.terms.quorum, 0)
        ends_at = self.announced_at + ANNOUNCEMENT_FRAMES * frame_seconds
        covered_wei = self.announced_wei + judgement.limitWei
        applies = self.now < ends_at and judgement.lossWei <= covered_wei
        signatures = self.terms.announced_quorum if applies else self.terms.quorum
        return Asked(signatures, self.announced_at + frame_seconds)


@dataclass
class StandingReader:
    """Reads the standing for one account, by the oracle that is the vault's at that head.

    Remembers which members have code until the next report or member set: a wallet may be deployed,
    or a key delegated (EIP-7702), after its account became a member.
    """

    bindings: Bindings
    account: str | None
    _remembered_for: tuple[str, int, int] | None = None
    _with_code: dict[str, bool] = field(default_factory=dict)

    def head(self) -> BlockHead:
        """Read the latest block."""
        return block_head(self.bindings.rpc)

    def read(self, head: BlockHead) -> Standing:
        """Read everything at a block; raises what the client raises."""
        bindings = self.bindings
        bindings.follow_modules(head.number)
        oracle = bindings.oracle
        calls: list[PreparedCall] = [
            oracle.members.prepare(),
            oracle.quorum.prepare(),
            oracle.announcedQuorum.prepare(),
            oracle.memberSetNonce.prepare(),
            oracle.lastReport.prepare(),
            bindings.vault.consensus.prepare(),
            bindings.vault.reportBase.prepare(head.timestamp),
        ]
        members, quorum, announced_quorum, nonce, last, consensus, base = call_many(
            bindings.rpc, calls, head.number
        )
        owned = 0
        if self.account is not None:
            owned = balance_wei(bindings.rpc, self.account, head.number)
        remembered_for = (oracle.address, nonce, consensus.lastRefTime)
        if self._remembered_for != remembered_for:
            self._remembered_for = remembered_for
            self._with_code.clear()
        contracts = frozenset(m for m in members if self._has_code(m, head.number))
        return Standing(
            head=head,
            terms=Terms(oracle.address, tuple(members), quorum, announced_quorum, nonce, contracts),
            last_ref_slot=last.refSlot,
            last_ref_time=consensus.lastRefTime,
            consensus_wei=consensus.balanceWei,
            active_validators=last.activeValidators,
            exited_validators=last.exitedValidators,
            slashed_validators=last.slashedValidators,
            operators_root=last.root,
            announced_at=consensus.announcedAt,
            announced_wei=base.announcedWei,
            account_wei=owned,
        )

    def _has_code(self, member: str, block: int) -> bool:
        if member not in self._with_code:
            code = self.bindings.rpc.call("eth_getCode", member, hex(block))
            self._with_code[member] = code != "0x"
        return self._with_code[member]
