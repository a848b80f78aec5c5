"""Members of the committee, modules in the place of oracle and fund, and governance."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from keel.chain.clock import jump, jump_to, now, reverting
from keel.chain.revert import Reverted
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, set_balance_wei, set_runtime_code
from keel.chain.transaction import send_transaction
from keel.model.commitment import public_key_hash
from keel.model.constants import DAY, ETHER, GWEI
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import newest_frame
from tests.trust.simulation import largest_loss_wei
from tests.trust.victims import JUST_BEFORE_SECONDS, VICTIMS_WEI, Row, Victims, shown
from tests.unit.contracts.hands import next_reference_slot, report
from tests.unit.contracts.reporting import Reporting
from tests.unit.contracts.validators import Validators
from tests.unit.contracts.vaults import code_hashes, inputs_of, replace_modules

UPGRADEABLE = "360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
"""What ERC-1822 wants `proxiableUUID` to return."""
STEP_WEI = ETHER // 1_000
REVERTS = bytes.fromhex("5f5ffd")
BELIEVES_ALL = bytes.fromhex("00")
KEYS_A_FRAME = 32
TAKES_ALL = bytes.fromhex(f"366004146010575f5f5f5f47325af1005b7f{UPGRADEABLE}5f5260205ff3")
"""Code that OpenZeppelin's proxy accepts, and that sends all ether to whoever calls it."""
SIMULATED = "from the simulation of [attacks.md](attacks.md)"


def oracle_member(keel: Keel) -> Row:
    """Signs a loss and growth that nobody else sees, and posts them."""
    victims, reporting = Victims.of_staked_ether(keel), Reporting.of_members(keel)

    def attempt() -> None:
        for change_wei in (-ETHER, ETHER):
            changed = reporting.changed_report(newest_frame(reporting), change_wei)
            with pytest.raises(Reverted, match="QuorumNotReached"):
                reporting.submit(changed, 1)

    _await_report(keel)
    missing = victims.missing_over_time(attempt, _delay(keel, "COMMITTEE"))
    return Row("one oracle member", *missing, "Needs two others of five.")


def quorum(keel: Keel) -> Row:
    """Reports a loss as large as applies at once; what it takes later is simulated."""
    victims, reporting = Victims.of_staked_ether(keel), Reporting.of_members(keel)
    at_once = _lose_at_once(victims, reporting, 3)
    return Row(
        "a bare quorum of the committee",
        at_once,
        max(at_once, largest_loss_wei("a quorum", 2)),
        max(at_once, largest_loss_wei("a quorum", 7)),
        "At once, the largest loss that no announcement is needed for, measured on the contracts. "
        f"Later, the largest of all histories, {SIMULATED}: growth that it bought into before.",
        "The loss bucket must let through what validators can really lose in a day, else true "
        "losses wait. COMMITTEE replaces the members.",
    )


def all_members(keel: Keel) -> Row:
    """Announce the loss of everything, and report it a frame later."""
    victims, reporting = Victims.of_staked_ether(keel), Reporting.of_members(keel)
    with reverting(keel.rpc):
        at_once = _lose_at_once(victims, reporting, 5)
    _await_report(keel)
    staked_wei = _seen_wei(reporting)
    receipt = reporting.submit(reporting.changed_report(newest_frame(reporting), -staked_wei), 5)
    assert not reporting.was_applied(receipt)
    jump(keel.rpc, DAY - JUST_BEFORE_SECONDS)
    with pytest.raises(Reverted):
        reporting.submit(reporting.changed_report(newest_frame(reporting), -staked_wei), 5)
    day = max(at_once, victims.missing_wei())
    jump(keel.rpc, 2 * JUST_BEFORE_SECONDS)
    everything = reporting.changed_report(newest_frame(reporting), -staked_wei)
    assert reporting.was_applied(reporting.submit(everything, 5))
    stolen_wei = largest_loss_wei("quorum + 1", 14)
    return Row(
        "all members of the committee",
        at_once,
        day,
        victims.missing_wei(),
        "Write off everything that is staked, one frame after they announced it. They steal "
        f"at most {shown(stolen_wei)} ETH of it in 14 frames ({SIMULATED}), "
        "since what comes back vests slowly and newcomers can buy little of it.",
        "Only proofs of the beacon chain can tell such a report from a true one.",
    )


def oracle_module(keel: Keel) -> Row:
    """A module that asks for no signatures reports a loss as large as the vault takes."""
    victims, module = Victims.of_staked_ether(keel), keel.actors.stranger.address
    set_runtime_code(keel.rpc, module, REVERTS)
    vault = keel.quick.vault
    modules = vault.modules()._replace(oracle=module)
    data = vault.setModules.encode(modules, code_hashes(keel.rpc, modules))
    holder = keel.holder_of("MODULES").address
    keel.quick.manager.schedule.send(vault.address, data, 0, sender=holder)
    for _ in range(_delay(keel, "MODULES") // keel.profile.frame_seconds + 1):
        report(keel)
    keel.quick.manager.execute.send(vault.address, data, sender=holder)
    ref_time = next_reference_slot(keel)
    keel.rpc.call("anvil_impersonateAccount", module)

    def is_taken(loss_wei: int) -> bool:
        try:
            inputs = inputs_of(keel, vault.newestRefTime(), -loss_wei)
            vault.applyReport.send(inputs, sender=module)
        except Reverted:
            return False
        return True

    most_wei = vault.reportBase(ref_time).expectedWei
    with reverting(keel.rpc):
        assert is_taken(_largest(keel.rpc, is_taken, most_wei))
        at_once = victims.missing_wei()
    vault.announceLoss.send(ref_time, most_wei, sender=module)
    jump(keel.rpc, DAY - JUST_BEFORE_SECONDS)
    assert not is_taken(most_wei)
    day = max(at_once, victims.missing_wei())
    jump(keel.rpc, 2 * JUST_BEFORE_SECONDS)
    assert is_taken(most_wei)
    return Row(
        "a broken oracle module",
        at_once,
        day,
        victims.missing_wei(),
        "At once, the largest loss that the vault takes from it unannounced. Announced, it writes "
        "off everything that is staked a frame later; both measured. By growth it takes at most "
        f"{shown(largest_loss_wei('a module', 7))} ETH in 7 frames ({SIMULATED}).",
        "Only MODULES can put one in, after 10 frames in which everybody can leave.",
    )


def fund_module(keel: Keel) -> Row:
    """A fund that refuses every call."""
    victims, module = Victims.of_liquid_ether(keel), keel.actors.stranger.address
    set_runtime_code(keel.rpc, module, REVERTS)
    replace_modules(keel, fund=module)
    at_once = victims.missing_wei()
    report(keel)
    return Row(
        "a broken fund module",
        at_once,
        victims.missing_wei(),
        None,
        "Stops no report, ticket or claim (LOS-2). It covers no loss, and keeps what reaches it: "
        "insurance's part of fees, and fees of instant redemption.",
    )


def verifier_module(keel: Keel) -> Row:
    """One that calls every proof true, and an operator whose keys pay elsewhere."""
    module = keel.actors.stranger.address
    set_runtime_code(keel.rpc, module, BELIEVES_ALL)
    replace_modules(keel, proofs=module)
    report(keel)
    victims, validators = Victims.of_liquid_ether(keel), Validators(keel)
    entries = validators.new_entries(2 * KEYS_A_FRAME)
    validators.predeposit(validators.add_operator(), entries)
    leaves = [public_key_hash(entry.pubkey) for entry in entries]
    proof: tuple[Any, ...] = ((0, 0, 0, []), 0, 2 ** len(leaves) - 1, leaves, [], False)
    validators.registry.proveFresh.send(*proof, sender=validators.anyone)
    start, missing = now(keel.rpc), []
    for moment in (start + 1, start + DAY - 1):
        jump_to(keel.rpc, moment)
        validators.stake(entries)
        with fails("NothingToStake"):
            validators.stake(entries)
        missing.append(victims.missing_wei())
    return Row(
        "a broken verifier module, with one operator",
        missing[0],
        missing[1],
        None,
        "Takes free ether by keys with foreign credentials. What it calls slashed closes doors "
        "until the next report and costs a bond, once a key; what it calls fit to leave can be "
        "asked to. What it calls slashed or paid out stays so when it is replaced: the operator's "
        "bond is gone, or leaves while the validator lives, and only the operator brings such a "
        "validator out.",
        "Only MODULES can put one in, after 10 frames in which everybody can leave. LIM-3 bounds "
        "it a frame, GUARDIAN pauses it.",
    )


def governance(keel: Keel) -> Row:
    """All roles with a delay at once schedule what they like; the victims see it and leave."""
    taken_wei = _takes_of_those_who_stay(keel)
    victims, reporting = Victims.of_liquid_ether(keel), Reporting.of_members(keel)
    quick, start = keel.quick, now(keel.rpc)
    impl = keel.actors.attacker.address
    data = quick.withdrawal_vault.upgradeToCode.encode(impl, keccak(REVERTS), b"")
    holder, place = keel.holder_of("MODULES").address, quick.withdrawal_vault.address
    quick.manager.schedule.send(place, data, 0, sender=holder)
    at_once = victims.missing_wei()
    before_wei = _held_wei(keel)
    victims.request_all()
    _await_report(keel)
    last = quick.queue.lastTicket()
    ballot = reporting.ballot(reporting.quiet_report(newest_frame(reporting)))
    reporting.post(ballot, reporting.sign(ballot), hint=last)
    quick.queue.claimMany.send(list(range(1, last + 1)), sender=victims.holder)
    seconds = now(keel.rpc) - start
    paid_wei = before_wei - _held_wei(keel)
    with pytest.raises(Reverted, match="AccessManagerNotReady"):
        quick.manager.execute.send(place, data, sender=holder)
    assert seconds < _delay(keel, "OPERATORS")
    missing_wei = VICTIMS_WEI - paid_wei
    return Row(
        "governance: all of these roles together",
        at_once,
        missing_wei,
        missing_wei,
        f"All liquid ether was claimed {seconds / 3600:.0f} hours after this was scheduled, "
        "measured. What is staked follows in about 5 frames while the beacon chain's exit queue "
        f"is short. After the delay it takes {shown(taken_wei)} ETH of 10,000 ETH that stayed, "
        "measured: all that comes from the beacon chain, since WithdrawalVault's code decides "
        "where ether goes. What the vault itself holds pays tickets.",
    )


REPORTERS = (
    oracle_member,
    quorum,
    all_members,
    oracle_module,
    fund_module,
    verifier_module,
    governance,
)


def _takes_of_those_who_stay(keel: Keel) -> int:
    """Other code behind WithdrawalVault, then all validators are paid out to it."""
    with reverting(keel.rpc):
        victims = replace(Victims.of_staked_ether(keel), staked_wei=0)
        place = keel.actors.stranger.address
        set_runtime_code(keel.rpc, place, TAKES_ALL)
        vault, deposits = keel.quick.withdrawal_vault, keel.quick.deposits
        keel.call_as_role(vault, "upgradeToCode", place, keccak(TAKES_ALL), b"")
        set_balance_wei(keel.rpc, vault.address, balance_wei(keel.rpc, deposits.address))
        assert victims.missing_wei() == 0
        send_transaction(keel.rpc, str(keel.actors.attacker.address), vault.address, b"\x01")
        return victims.missing_wei()


def _lose_at_once(victims: Victims, reporting: Reporting, signatures: int) -> int:
    keel = victims.keel
    _await_report(keel)
    frame = newest_frame(reporting)

    def is_applied(loss_wei: int) -> bool:
        changed = reporting.changed_report(frame, -loss_wei)
        return reporting.was_applied(reporting.submit(changed, signatures))

    assert is_applied(_largest(keel.rpc, is_applied, _seen_wei(reporting)))
    return victims.missing_wei()


def _largest(rpc: RpcClient, works: Callable[[int], bool], most_wei: int) -> int:
    """The largest amount that works, to a thousandth of an ETH."""
    low, high = 0, most_wei // STEP_WEI + 1
    while high - low > 1:
        middle = (low + high) // 2
        with reverting(rpc):
            works_there = works(middle * STEP_WEI)
        low, high = (middle, high) if works_there else (low, middle)
    return low * STEP_WEI


def _seen_wei(reporting: Reporting) -> int:
    """What an honest report shows."""
    return reporting.quiet_report(newest_frame(reporting)).consensus_balance_gwei * GWEI


def _held_wei(keel: Keel) -> int:
    return sum(
        balance_wei(keel.rpc, place.address) for place in (keel.quick.vault, keel.quick.queue)
    )


def _await_report(keel: Keel) -> None:
    jump(keel.rpc, keel.profile.frame_seconds + keel.profile.finality_seconds)


def _delay(keel: Keel, role: str) -> int:
    return keel.configuration.delay_seconds(role)
