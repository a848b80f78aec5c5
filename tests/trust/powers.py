"""Each function lets one actor try what it can, and returns what it got as a row of docs/trust.md.

All run on the mainnet profile. Victims hold 10,000 ETH, the first deposit counted in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from keel.chain.clock import jump, jump_to, now
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.deploy.roles import ROLE_BY_NAME, Role
from keel.model.constants import DAY, ETHER, FIRST_DEPOSIT_WEI, SHARES_PER_UNIT
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.reporting import Reporting
from tests.unit.contracts.test_access import arguments_of, contract_named
from tests.unit.contracts.validators import KeyProof, Validators
from tests.unit.contracts.vaults import VALIDATOR_WEI, stake

VICTIMS_WEI = 10_000 * ETHER
NOTHING = "0"


@dataclass(frozen=True, slots=True)
class Row:
    """Wei that the actor gets at once, within a day, and before its delay ends (None: no delay)."""

    actor: str
    at_once_wei: int
    day_wei: int
    delay_wei: int | None
    means: str


type Power = Callable[[Keel], Row]


def victims_deposit(keel: Keel) -> str:
    """Bring the victims' ether in; return the one who holds it."""
    victim = str(keel.actors.depositor.address)
    deposit(keel, victim, VICTIMS_WEI - FIRST_DEPOSIT_WEI)
    return victim


def staker(keel: Keel) -> Row:
    """Stakes on keys that pay elsewhere, as often as a day allows."""
    victims_deposit(keel)
    vault, start = keel.quick.vault, now(keel.rpc)
    taken: list[int] = []
    for moment in (start + 1, start + DAY - 1):
        jump_to(keel.rpc, moment)
        before_wei = vault.freeWei()
        count, staked = vault.stakeableWei() // VALIDATOR_WEI, len(taken) * 1_000
        stake(keel, count, first=staked)
        with pytest.raises(Reverted, match="LimitExceeded"):
            stake(keel, 1, first=staked + count)
        taken.append(before_wei - vault.freeWei())
    return Row(
        "STAKER, with one operator",
        taken[0],
        sum(taken),
        None,
        "**Open until keys are proven**: takes free ether by keys with foreign credentials. "
        "LIM-3 bounds it a day, GUARDIAN pauses staking.",
    )


def exiter(keel: Keel) -> Row:
    """Asks all validators to exit, as often as a day allows."""
    vault, keeper = keel.quick.withdrawal_vault, keel.holder_of("EXITER").address
    start, asked = now(keel.rpc), []
    for moment in (start + 1, start + DAY - 1):
        jump_to(keel.rpc, moment)
        count = vault.exitsAvailable()
        vault.requestExit.send([b"\x11" * 48] * count, sender=keeper, value_wei=ETHER)
        asked.append(count * VALIDATOR_WEI)
        with pytest.raises(Reverted, match="LimitExceeded"):
            vault.requestExit.send([b"\x11" * 48], sender=keeper, value_wei=ETHER)
    return Row(
        "EXITER",
        asked[0],
        sum(asked),
        None,
        "**Open until exits are proven**: takes nothing; so much earns nothing while it leaves. "
        "It comes back to WithdrawalVault.",
    )


def consolidator(keel: Keel) -> Row:
    """Merges validators into foreign ones."""
    vault, holder = keel.quick.withdrawal_vault, keel.holder_of("CONSOLIDATOR").address
    _wait_for_role(keel, ROLE_BY_NAME["CONSOLIDATOR"])
    most = vault.consolidationsAvailable()
    pairs = ([b"\x11" * 48] * (most + 1), [b"\x22" * 48] * (most + 1))
    data = vault.requestConsolidation.encode(*pairs)
    keel.quick.manager.schedule.send(vault.address, data, 0, sender=holder)
    jump(keel.rpc, keel.configuration.delay_seconds("CONSOLIDATOR"))
    with fails("LimitExceeded", amount=most + 1, available=most):
        vault.requestConsolidation.send(*pairs, sender=holder, value_wei=ETHER)
    return Row(
        "CONSOLIDATOR",
        0,
        0,
        0,
        f"**Open until keys are proven**: after its delay {most} validators at once "
        f"({most * 32} ETH of 32 ETH each), then as many a day.",
    )


def operators(keel: Keel) -> Row:
    """Replaces a manager, then the reward address."""
    _wait_for_role(keel, ROLE_BY_NAME["OPERATORS"])
    validators = Validators(keel)
    operator_id, attacker = validators.add_operator(), keel.actors.attacker.address
    old = validators.registry.operator(operator_id).rewardAddress
    keel.call_as_role(validators.registry, "setManager", operator_id, attacker)
    validators.registry.setRewardAddress.send(operator_id, attacker, sender=attacker)
    jump(keel.rpc, 13 * keel.profile.frame_seconds)
    assert validators.registry.operator(operator_id).rewardAddress == old
    return Row(
        "OPERATORS",
        0,
        0,
        0,
        "After 7 frames and 14 more (OPR-6) it takes what operators earn from then on; until then "
        "anyone claims for the old address.",
    )


def admission(keel: Keel) -> Row:
    """Admits an operator of its own, which nobody stakes for."""
    victims_deposit(keel)
    validators = Validators(keel)
    operator_id = validators.add_operator()
    council = keel.holder_of("ADMISSION").address
    with fails("AccessManagedUnauthorized", caller=council):
        validators.registry.stake.send(
            [(operator_id, 0, 0, [])], bytes(176), bytes(32), sender=council
        )
    return Row("ADMISSION", 0, 0, None, "With STAKER no more than STAKER alone.")


def guardian(keel: Keel) -> Row:
    """Pauses all that can be paused; holders leave by tickets meanwhile."""
    victim, longest = victims_deposit(keel), keel.profile.max_pause_seconds
    vault, instant, queue = keel.quick.vault, keel.quick.instant, keel.quick.queue
    who = keel.holder_of("GUARDIAN").address
    for action in (0, 1):
        vault.pause.send(action, longest, sender=who)
    instant.pause.send(longest, sender=who)
    whole_wei = vault.balanceOf(victim)
    most_wei = keel.profile.max_ticket_wei
    amounts = [most_wei] * (whole_wei // most_wei) + [whole_wei % most_wei]
    queue.requestMany.send([wei for wei in amounts if wei], victim, sender=victim)
    left_wei = vault.balanceOf(victim)
    jump(keel.rpc, longest)
    with pytest.raises(Reverted, match="PauseTooSoon"):
        instant.pause.send(1, sender=who)
    return Row(
        "GUARDIAN",
        left_wei,
        left_wei,
        None,
        "Closes deposits, staking and instant redemption half of the time at most; tickets stay "
        "open. Delays a change once (ROL-3), its own replacement never.",
    )


def delayed(role: Role, means: str) -> Power:
    """A role that can do nothing before its delay is over."""

    def power(keel: Keel) -> Row:
        victims_deposit(keel)
        _wait_for_role(keel, role)
        return Row(role.name, 0, 0, 0, means)

    return power


def oracle_member(keel: Keel) -> Row:
    """Signs a loss and a growth that nobody else sees."""
    reporting = Reporting.with_stake(keel)
    reporting.await_final(1)
    for change_wei in (-ETHER, ETHER):
        with pytest.raises(Reverted, match="QuorumNotReached"):
            reporting.submit(reporting.changed_report(1, change_wei), 1)
    return Row("one oracle member", 0, 0, None, "Needs two others of five.")


def operator_manager(keel: Keel) -> Row:
    """Withdraws its keys before each stake, and wants rewards sent elsewhere."""
    victims_deposit(keel)
    validators = Validators(keel)
    bad, good = validators.add_operator(), validators.add_operator()
    own, others = validators.new_entries(1), validators.new_entries(1)
    proofs: list[KeyProof] = []
    for operator_id, entries in ((bad, own), (good, others)):
        batch = validators.add_keys(operator_id, entries)
        proofs.append((operator_id, batch, 0, ()))
    validators.registry.withdrawBatch.send(bad, 0, sender=validators.manager)
    validators.stake(proofs, own + others)
    assert validators.registry.operator(good).staked == 1
    return Row(
        "one operator, or its manager's stolen key",
        0,
        0,
        0,
        "Blocks nobody (OPR-7). Its own rewards go elsewhere only after 14 frames (OPR-6). What "
        "its validators lose by slashing is a loss of the waterfall, and not computed here.",
    )


def limit_taker(keel: Keel) -> Row:
    """Empties the daily limit of instant redemption with ether brought for it (AUDIT L6)."""
    victims_deposit(keel)
    vault, instant = keel.quick.vault, keel.quick.instant
    who = str(keel.actors.attacker.address)
    limit_wei, most_wei = keel.profile.instant_limit_wei, 5_010 * ETHER
    deposit(keel, who, most_wei)
    paid_wei, fee_wei = instant.previewRedeem(vault.toSharesUp(5_005 * ETHER))
    assert paid_wei == limit_wei
    instant.redeem.send(vault.toSharesUp(5_005 * ETHER), who, 0, sender=who)
    assert instant.redeemableWei() < ETHER
    return Row(
        "anyone with 5,010 ETH",
        0,
        0,
        None,
        f"For a fee of {_ether(fee_wei)} ETH closes instant redemption, which refills in a day; "
        "tickets stay open. Accepted: the fee goes to the fund (AUDIT L6).",
    )


def late_underwriter(keel: Keel) -> Row:
    """Joins the fund just before a redemption's fee arrives there (AUDIT L10)."""
    victim = victims_deposit(keel)
    quick, who = keel.quick, str(keel.actors.attacker.address)
    first = str(keel.actors.underwriter.address)
    for each in (first, who):
        quick.vault.depositWrapped.send(each, each, sender=each, value_wei=100 * ETHER)
        units = quick.wrapped.balanceOf(each)
        quick.wrapped.approve.send(quick.fund.address, units, sender=each)
        quick.fund.deposit.send(units, each, sender=each)
    before = quick.fund.previewRedeem(quick.fund.balanceOf(who))
    quick.instant.redeem.send(5_000 * ETHER * 10**9, victim, 0, sender=victim)
    gained = quick.fund.previewRedeem(quick.fund.balanceOf(who)) - before
    gained_wei = quick.vault.toAssetsDown(gained * SHARES_PER_UNIT)
    return Row(
        "an underwriter who comes late",
        0,
        0,
        None,
        f"Half of the fund gets half of a fee: {_ether(gained_wei)} ETH of 5,000 ETH redeemed, "
        "from other underwriters. Accepted: it then bears losses for the cooldown (AUDIT L10).",
    )


def _wait_for_role(keel: Keel, role: Role) -> None:
    """Nothing of the role is done at once, nor a second before its delay ends."""
    manager, holder = keel.quick.manager, keel.holder_of(role.name).address
    Validators(keel).add_operator()
    calls: list[tuple[Contract, bytes]] = []
    for name, functions in role.functions:
        contract = contract_named(keel, name)
        for function in functions:
            data = contract.function(function).encode(*arguments_of(keel, name, function))
            calls.append((contract, data))
    if not calls:
        data = manager.grantRole.encode(1, holder, 0)
        calls.append((manager, data))
    delay = keel.configuration.delay_seconds(role.name)
    for contract, data in calls:
        with pytest.raises(Reverted, match="AccessManagerNotScheduled"):
            manager.execute.send(contract.address, data, sender=holder)
        manager.schedule.send(contract.address, data, 0, sender=holder)
    jump(keel.rpc, delay - 10 - len(calls))
    for contract, data in calls:
        with pytest.raises(Reverted, match="AccessManagerNotReady"):
            manager.execute.send(contract.address, data, sender=holder)
        manager.cancel.send(holder, contract.address, data, sender=holder)


POWERS: Sequence[Power] = (
    delayed(ROLE_BY_NAME["ADMIN"], "Grants and maps roles after its delay; a grant waits again."),
    delayed(ROLE_BY_NAME["MODULES"], "Replaces oracle, fund or WithdrawalVault's code."),
    delayed(ROLE_BY_NAME["COMMITTEE"], "Replaces the oracle's members."),
    delayed(ROLE_BY_NAME["TERMS"], "Sets fees and limits within fixed bounds."),
    operators,
    admission,
    staker,
    exiter,
    consolidator,
    guardian,
    oracle_member,
    operator_manager,
    limit_taker,
    late_underwriter,
)


def _ether(wei: int) -> str:
    return f"{wei / ETHER:,.2f}"
