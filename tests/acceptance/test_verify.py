"""`verify` accepts what was deployed and names whatever was changed behind its back."""

from collections.abc import Callable
from random import Random

import pytest
from eth_utils.crypto import keccak

from keel.chain.clock import reverting
from keel.chain.contract import Contract, PreparedCall, deploy
from keel.chain.state import block_head, runtime_code, set_runtime_code, set_storage, storage_at
from keel.deploy.access_storage import access_words
from keel.deploy.manifest import Manifest, make_manifest
from keel.deploy.plan import IMPLEMENTATION, MANAGER, PROXY
from keel.deploy.roles import ROLES, TERMS
from keel.deploy.seed import LEAST_SEED_SHARES
from keel.deploy.storage import slots_read_by, stored_words
from keel.deploy.verify import differences
from tests.deployment import Keel

VARIANTS = 60

type Verify = Callable[[], list[str]]


@pytest.fixture
def manifest(keel: Keel) -> Manifest:
    return make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)


@pytest.fixture
def verify(keel: Keel, manifest: Manifest) -> Verify:
    return lambda: differences(keel.rpc, manifest, keel.artifacts)


def test_a_fresh_deployment_has_no_difference(keel_on_either_profile: Keel) -> None:
    keel = keel_on_either_profile
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    assert differences(keel.rpc, manifest, keel.artifacts) == []


def test_use_is_no_difference(keel: Keel, verify: Verify) -> None:
    depositor = keel.actors.depositor.address
    keel.quick.vault.depositWrapped.send(depositor, depositor, sender=depositor, value_wei=10**18)
    keel.quick.queue.rpc.call("evm_mine")
    guardian = keel.actors.guardian.address
    keel.quick.instant.pause.send(60, sender=guardian)
    assert verify() == []


def test_any_byte_of_any_code(keel: Keel, verify: Verify) -> None:
    random = Random(1)  # noqa: S311 (variants that fail must come again)
    for _ in range(VARIANTS):
        step = random.choice(keel.plan.steps)
        code = bytearray(runtime_code(keel.rpc, step.address))
        position = random.randrange(len(code))
        code[position] ^= random.randrange(1, 256)
        with reverting(keel.rpc):
            set_runtime_code(keel.rpc, step.address, bytes(code))
            found = verify()
        named = f"{step.name}: code differs from byte {position} on: 0x{code[position]:02x}"
        assert any(text.startswith(named) for text in found), (step.name, position, found)
    assert verify() == []


def test_a_fund_without_its_seed(keel: Keel, constructed: dict[str, Keel]) -> None:
    bare = constructed[keel.profile.name]
    manifest = make_manifest(bare.rpc, bare.plan, bare.deployment.block, bare.artifacts)
    assert differences(bare.rpc, manifest, bare.artifacts) == [
        "the seed of InsuranceFund in shares that it holds itself is 0, "
        f"{LEAST_SEED_SHARES} expected"
    ]


def test_code_that_is_gone(keel: Keel, verify: Verify) -> None:
    set_runtime_code(keel.rpc, keel.quick.fund.address, b"")
    assert f"InsuranceFund: no code at {keel.quick.fund.address}" in verify()


@pytest.mark.parametrize("name", ["GENESIS_TIME", "SECONDS_PER_SLOT", "SLOTS_PER_EPOCH"])
def test_a_verifier_of_another_beacon_chain(keel: Keel, manifest: Manifest, name: str) -> None:
    """PRF-8: it would date slashings by another chain's epochs."""
    fields = ("GENESIS_TIME", "SECONDS_PER_SLOT", "SLOTS_PER_EPOCH")
    planned = list(keel.plan.step("ValidatorProofs").arguments["chain"].values())
    was = planned[fields.index(name)]
    planned[fields.index(name)] = was + 1
    artifact = keel.artifacts["ValidatorProofs"]
    sender = keel.actors.stranger.address
    made, _ = deploy(keel.rpc, artifact.abi, artifact.creation_code, planned, sender=sender)
    code = runtime_code(keel.rpc, made.address)
    set_runtime_code(keel.rpc, keel.quick.proofs.address, code)
    found = differences(keel.rpc, manifest, keel.artifacts)
    assert f"ValidatorProofs.{name} is {was + 1}, {was} expected" in found
    assert any(text.startswith("ValidatorProofs: code differs") for text in found)


def parameters_by_getter(keel: Keel) -> list[tuple[str, Contract, PreparedCall]]:
    """Every getter of something that storage holds and a plan decides."""
    quick = keel.quick
    getters = [
        ("StakingVault.terms", quick.vault, "terms"),
        ("StakingVault.modules", quick.vault, "modules"),
        ("InstantRedemption.terms", quick.instant, "terms"),
        ("AccountingOracle.members", quick.oracle, "members"),
        ("AccountingOracle.quorum", quick.oracle, "quorum"),
        *(
            (f"{name}.authority", contract, "authority")
            for name, contract in (
                ("StakingVault", quick.vault),
                ("InstantRedemption", quick.instant),
                ("AccountingOracle", quick.oracle),
                ("OperatorRegistry", quick.registry),
                ("WithdrawalVault", quick.withdrawal_vault),
            )
        ),
    ]
    return [
        (name, contract, contract.function(getter).prepare()) for name, contract, getter in getters
    ]


def test_any_bit_of_a_stored_parameter(keel: Keel, verify: Verify) -> None:
    random = Random(2)  # noqa: S311 (variants that fail must come again)
    getters = parameters_by_getter(keel)
    slots = {
        name: sorted(slots_read_by(keel.rpc, contract.address, [call]))
        for name, contract, call in getters
    }
    effective = 0
    while effective < VARIANTS:
        name, contract, call = getters[effective % len(getters)]
        slot, bit = random.choice(slots[name]), random.randrange(256)
        with reverting(keel.rpc):
            before = contract.rpc.call("eth_call", call.request, "latest")
            value = storage_at(keel.rpc, contract.address, slot)
            set_storage(keel.rpc, contract.address, slot, value ^ (1 << bit))
            after = contract.rpc.batch_outcomes([("eth_call", (call.request, "latest"))])[0]
            if after == before:
                continue  # a bit of something else in the same word
            found = verify()
        contract_name = name.partition(".")[0]
        assert any(contract_name in text for text in found), (name, slot, bit, found)
        effective += 1


def test_any_bit_of_a_role(keel: Keel, verify: Verify) -> None:
    random = Random(3)  # noqa: S311 (variants that fail must come again)
    manager = keel.quick.manager
    slots = list(
        access_words(keel.plan.access, manager.events_between(0, block_head(keel.rpc).number))
    )
    for _ in range(VARIANTS):
        slot, bit = random.choice(slots), random.randrange(256)
        with reverting(keel.rpc):
            value = storage_at(keel.rpc, manager.address, slot)
            set_storage(keel.rpc, manager.address, slot, value ^ (1 << bit))
            found = verify()
        assert found, (hex(slot), bit)
    assert verify() == []


def test_a_role_that_no_event_tells_of(keel: Keel, verify: Verify) -> None:
    random = Random(4)  # noqa: S311 (variants that fail must come again)
    manager = keel.quick.manager
    attacker = keel.actors.attacker.address
    for _ in range(VARIANTS // 4):
        role = random.choice(ROLES)
        call = manager.hasRole.prepare(role.id, attacker)
        (slot,) = slots_read_by(keel.rpc, manager.address, [call])
        with reverting(keel.rpc):
            set_storage(keel.rpc, manager.address, slot, 1)
            assert manager.hasRole(role.id, attacker)[0]
            found = verify()
        assert found == [
            f"{MANAGER}: 0x1 is stored where nothing should be, "
            f"in the slot with the hash 0x{keccak(slot.to_bytes(32, 'big')).hex()}",
        ]


def test_an_oracle_member_that_no_list_shows(keel: Keel, verify: Verify) -> None:
    oracle, attacker = keel.quick.oracle, keel.actors.attacker.address
    before = oracle.members()
    hidden = slots_read_by(keel.rpc, oracle.address, [oracle.isMember.prepare(attacker)])
    (slot,) = (s for s in hidden if storage_at(keel.rpc, oracle.address, s) == 0)
    set_storage(keel.rpc, oracle.address, slot, 1)
    assert oracle.isMember(attacker)
    assert oracle.members() == before
    assert any(text.startswith("AccountingOracle: 0x1 is stored") for text in verify())


def test_a_role_granted_by_governance(keel: Keel, verify: Verify) -> None:
    manager, governance = keel.quick.manager, keel.holder_of("ADMIN").address
    attacker = keel.actors.attacker.address
    grant = manager.grantRole.encode(TERMS.id, attacker, 0)
    manager.schedule.send(manager.address, grant, 0, sender=governance)
    assert verify() == []  # a scheduled call changes nothing yet
    delay = keel.configuration.delay_seconds("ADMIN")
    keel.rpc.call("evm_increaseTime", hex(delay))
    manager.execute.send(manager.address, grant, sender=governance)
    found = verify()
    expected = f"role TERMS of unlisted {attacker} (held, delay) is (True, 0), (False, 0) expected"
    assert expected in found


def test_terms_changed_by_their_role(keel: Keel, verify: Verify) -> None:
    vault = keel.quick.vault
    terms = vault.terms()
    keel.call_as_role(vault, "setTerms", terms)
    assert verify() == []
    keel.call_as_role(vault, "setTerms", terms._replace(feeBps=399))
    assert verify() == ["StakingVault.terms.feeBps (fee_bps, bps) is 399, 400 expected"]


def test_a_proxy_with_another_implementation(keel: Keel, verify: Verify) -> None:
    proxy = keel.quick.withdrawal_vault
    implementation = keel.plan.addresses[IMPLEMENTATION]
    slot = next(
        s
        for s in slots_read_by(keel.rpc, proxy.address, [proxy.authority.prepare()])
        if storage_at(keel.rpc, proxy.address, s) == int(implementation, 16)
    )
    set_storage(keel.rpc, proxy.address, slot, int(keel.plan.addresses["RewardsVault"], 16))
    assert any(text.startswith(f"{PROXY}: its implementation is stored as") for text in verify())


def test_a_proxy_that_could_be_initialised_again(keel: Keel, verify: Verify) -> None:
    proxy = keel.quick.withdrawal_vault
    slot = 0xF0C57E16840DF040F15088DC2F81FE391C3923BEC73E23A9662EFC9C229C6A00
    assert storage_at(keel.rpc, proxy.address, slot) == 1
    set_storage(keel.rpc, proxy.address, slot, 0)
    assert verify() == [f"{PROXY}: its initialised version is stored as 0x0, 0x1 expected"]


def test_a_manifest_that_was_edited(keel: Keel, manifest: Manifest) -> None:
    edited = manifest.model_copy(
        update={"parameters": {**manifest.parameters, "fee_bps": "1"}},
    )
    assert differences(keel.rpc, edited, keel.artifacts) == [
        "manifest: fee_bps is 1, 400 planned",
    ]


def test_every_word_is_found_whichever_is_asked_for(keel: Keel) -> None:
    rpc, account = keel.rpc, "0x" + "5e" * 20
    words = {slot: slot + 1 for slot in (*range(40), 2**255)}
    set_runtime_code(rpc, account, b"\x00")
    assert stored_words(rpc, account, [3]) == {}
    for slot, value in words.items():
        set_storage(rpc, account, slot, value)
    set_storage(rpc, account, 50, 1)
    set_storage(rpc, account, 50, 0)
    expected = {keccak(slot.to_bytes(32, "big")): value for slot, value in words.items()}
    for likely in ([], [3], list(words), [50, 51]):
        assert stored_words(rpc, account, likely) == expected


def test_an_unknown_word_is_found_beside_one_that_shares_four_nibbles_with_it(keel: Keel) -> None:
    rpc, account, known, unknown = keel.rpc, "0x" + "5f" * 20, 325, 370
    hashes = [keccak(slot.to_bytes(32, "big")) for slot in (known, unknown)]
    assert hashes[0].hex()[:4] == hashes[1].hex()[:4]
    set_runtime_code(rpc, account, b"\x00")
    for slot in (known, unknown):
        set_storage(rpc, account, slot, 1)
    assert stored_words(rpc, account, [known]) == dict.fromkeys(hashes, 1)
