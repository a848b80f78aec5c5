"""wkETH that reaches the vault outside a cover has no way out: row L9 of the audit."""

from keel.chain.clock import jump, jump_to
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, report
from tests.unit.contracts.underwriting import SHARES, UNITS, fund_in_normal_state
from tests.unit.contracts.validators import Validators
from tests.unit.contracts.vaults import apply, inputs_of, units_of


def test_l9_an_underwriter_does_not_leave_to_the_vault(keel: Keel) -> None:
    """SHR-6: what the fund hands to the vault is cover and nothing else."""
    fund, vault = fund_in_normal_state(keel), keel.quick.vault
    underwriter = str(keel.actors.underwriter.address)
    fund.startCooldown.send(SHARES, sender=underwriter)
    jump_to(keel.rpc, fund.cooldownOf(underwriter).windowStart)
    apply(keel, inputs_of(keel, vault.newestRefTime()))
    for receiver in (vault.address, keel.quick.wrapped.address):
        with fails("ERC20InvalidReceiver", receiver=receiver):
            fund.redeem.send(SHARES, receiver, underwriter, sender=underwriter)
        with fails("ERC20InvalidReceiver", receiver=receiver):
            fund.withdraw.send(UNITS, receiver, underwriter, sender=underwriter)
    fund.redeem.send(SHARES, underwriter, underwriter, sender=underwriter)
    assert units_of(keel, underwriter) == UNITS


def test_l9_a_bond_is_not_paid_to_the_vault(keel: Keel, victim: str) -> None:
    """SHR-6: it waits until its manager names another address."""
    deposit(keel, victim, 99 * ETHER)
    validators, bonds, vault = Validators(keel), keel.quick.bonds, keel.quick.vault
    operator_id = validators.add_operator()
    (entry,) = validators.proven(operator_id, 1)
    validators.stake([entry])
    root, manager = public_key_hash(entry.pubkey), validators.manager
    bonds.release.send(operator_id, root, 1, sender=as_contract(validators.registry))
    units = bonds.leavingOf(root).units
    validators.registry.setRewardAddress.send(operator_id, vault.address, sender=manager)
    jump(keel.rpc, bonds.COOLDOWN_SECONDS())
    report(keel)
    with fails("ERC20InvalidReceiver", receiver=vault.address):
        bonds.pay.send(root, sender=validators.anyone)
    validators.registry.setRewardAddress.send(operator_id, manager, sender=manager)
    jump(keel.rpc, 14 * keel.profile.frame_seconds)
    report(keel)
    bonds.pay.send(root, sender=validators.anyone)
    assert units_of(keel, manager) == units > 0
