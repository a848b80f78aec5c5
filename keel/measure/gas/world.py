"""A chain of its own for measuring: it does not depend on the machine, the port or the time.

Block times follow each other by the slot, so calldata, storage and with them gas are the same on
every run. Gas is `gasUsed` of receipts: 21,000, calldata and refunds included.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.signers.local import LocalAccount

from keel.chain.anvil import TEST_MNEMONIC, AnvilOptions, start_anvil
from keel.chain.clock import jump_to, now
from keel.chain.rpc import RpcClient
from keel.chain.state import (
    balance_wei,
    block_head,
    chain_id,
    set_balance_wei,
    unlocked_accounts,
)
from keel.chain.system_contracts import install_system_contracts
from keel.chain.transaction import Receipt
from keel.committee.ballot import Ballot, sign
from keel.consensus.deposit_data import PREDEPOSIT_GWEI, DepositDataEntry, make_deposit_data
from keel.consensus.keys import derive_signing_keys, mnemonic_to_seed
from keel.deploy.actors import ACTORS, ORACLE_MEMBERS, cast_actors, local_configuration
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import Bindings, bind
from keel.deploy.config import Configuration
from keel.deploy.deploy import Deployment, deploy
from keel.deploy.plan import make_plan
from keel.deploy.profiles import MAINNET, USUAL_COMMISSION_BPS
from keel.deploy.sender import NodeSender
from keel.model.constants import GWEI
from keel.model.report import Report

GENESIS_TIME = 1_800_000_000
BLOCK_SECONDS = MAINNET.seconds_per_slot
KEYS = 130
"""Validator keys that all measures together need."""


@dataclass
class World:
    """Keel with the mainnet profile on a chain of its own. Amounts are wei."""

    rpc: RpcClient
    configuration: Configuration
    deployment: Deployment
    keel: Bindings
    actors: dict[str, str]
    members: list[LocalAccount] = field(repr=False)

    def deposit(self, depositor: str, amount_wei: int) -> Receipt:
        """Buy kETH."""
        arguments = (depositor, depositor)
        return self.keel.vault.deposit.send(*arguments, sender=depositor, value_wei=amount_wei)

    def wrap(self, holder: str, amount_wei: int) -> Receipt:
        """Turn kETH into wkETH."""
        return self.keel.wrapped.deposit.send(amount_wei, holder, sender=holder)

    def request(self, holder: str, amount_wei: int) -> Receipt:
        """Ask for a ticket."""
        return self.keel.queue.request.send(amount_wei, holder, sender=holder)

    def request_together(self, holder: str, amounts_wei: Sequence[int]) -> Receipt:
        """Ask for several tickets in one call."""
        return self.keel.queue.requestMany.send(list(amounts_wei), holder, sender=holder)

    def give(self, holder: str, amount_wei: int) -> None:
        """Let ether arrive as withdrawals and fees do, without a transaction."""
        set_balance_wei(self.rpc, holder, balance_wei(self.rpc, holder) + amount_wei)

    def await_report(self) -> int:
        """Go to the moment when the next frame can be reported, and return its reference slot.

        After a loss was announced, to that from which it may be applied (REP-8).
        """
        consensus, frame = self.keel.vault.consensus(), MAINNET.frame_seconds
        opens_at = consensus.lastRefTime + frame + MAINNET.finality_seconds
        if consensus.announcedAt:
            opens_at = max(opens_at, consensus.announcedAt + frame)
        moment = now(self.rpc)
        if moment < opens_at:
            moment = opens_at
            jump_to(self.rpc, moment)
        geometry = self.configuration.geometry
        return geometry.newest_reference_slot(moment - MAINNET.finality_seconds)

    def report(
        self,
        *,
        change_wei: int = 0,
        drawn_wei: int = 0,
        withdrawals_wei: int = 0,
        rewards_wei: int = 0,
        operators_root: bytes = b"\x01" * 32,
        hint: int | None = None,
        exited_validators: int = 0,
        slashed_validators: int = 0,
    ) -> Receipt:
        """Go to the next frame, and have five members report it.

        Validators' balances change by `change_wei`, or fall by what is unvested and `drawn_wei`;
        what the vaults received comes on top. The hint is by default the right one. A loss beyond
        the bucket is announced by the first report, and applied by the next one of as much.
        """
        ref_slot = self.await_report()
        self.give(self.keel.withdrawal_vault.address, withdrawals_wei)
        self.give(self.keel.rewards_vault.address, rewards_wei)
        ref_time = self.configuration.geometry.time_of(ref_slot)
        base = self.keel.vault.reportBase(ref_time)
        if drawn_wei:
            change_wei = -base.unvestedWei - drawn_wei
        balance_gwei = (base.expectedWei + change_wei) // GWEI
        report = Report(
            ref_slot=ref_slot,
            consensus_balance_gwei=balance_gwei,
            withdrawal_vault_balance_wei=withdrawals_wei,
            rewards_vault_balance_wei=rewards_wei,
            active_validators=base.stakedValidators - exited_validators,
            exited_validators=exited_validators,
            slashed_validators=slashed_validators,
            active_balance_gwei=balance_gwei,
            operators_bps=USUAL_COMMISSION_BPS,
            operators_root=operators_root,
            validators_root=b"\x02" * 32,
        )
        return self._submit(report, hint)

    def _submit(self, report: Report, hint: int | None) -> Receipt:
        oracle = self.keel.oracle
        ballot = Ballot(
            report=report,
            member_set_nonce=oracle.memberSetNonce(),
            deadline=block_head(self.rpc).timestamp + MAINNET.frame_seconds,
            chain_id=chain_id(self.rpc),
            oracle=oracle.address,
        )
        if hint is None:
            _, outcome = oracle.simulate(ballot.report_values, 0)
            hint = outcome.lastTicket
        signatures = [signature.values() for signature in sign(ballot, self.members)]
        arguments = (ballot.report_values, ballot.deadline, signatures, hint)
        return oracle.submit.send(*arguments, sender=self.actors["stranger"])

    def new_entries(self, first: int, count: int) -> tuple[DepositDataEntry, ...]:
        """Deposit data of some of the fixed keys, paying out to this deployment."""
        credentials = bytes(self.keel.vault.withdrawalCredentials())
        return _entries(credentials)[first : first + count]


@contextmanager
def new_world(artifacts: Artifacts, port: int = 0, *, traced: bool = False) -> Iterator[World]:
    """Start a chain, deploy Keel with the mainnet profile, and end the chain afterwards."""
    options = AnvilOptions(
        port=port,
        accounts=len(ACTORS),
        balance_ether=1_000_000,
        base_fee_wei=0,
        genesis_timestamp=GENESIS_TIME,
        transaction_gas_cap=True,
        steps_tracing=traced,
    )
    with start_anvil(options) as anvil:
        anvil.rpc.call("anvil_setBlockTimestampInterval", BLOCK_SECONDS)
        install_system_contracts(anvil.rpc)
        yield _deployed(anvil.rpc, artifacts)


def _deployed(rpc: RpcClient, artifacts: Artifacts) -> World:
    actors = dict(cast_actors(unlocked_accounts(rpc)))
    configuration = local_configuration(actors, GENESIS_TIME, MAINNET)
    plan = make_plan(configuration, actors["deployer"], artifacts)
    deployment = deploy(rpc, plan, NodeSender(rpc, actors["deployer"]))
    keel = bind(rpc, plan.addresses, artifacts, max_fee_per_gas_wei=0)
    return World(rpc, configuration, deployment, keel, actors, _members())


@cache
def _members() -> list[LocalAccount]:
    seed = seed_from_mnemonic(TEST_MNEMONIC, "")
    return [
        Account.from_key(key_from_seed(seed, f"m/44'/60'/0'/0/{ACTORS.index(name)}"))
        for name in ORACLE_MEMBERS
    ]


@cache
def _entries(credentials: bytes) -> tuple[DepositDataEntry, ...]:
    keys = derive_signing_keys(mnemonic_to_seed(TEST_MNEMONIC), KEYS)
    return tuple(make_deposit_data(key, credentials, PREDEPOSIT_GWEI) for key in keys)
