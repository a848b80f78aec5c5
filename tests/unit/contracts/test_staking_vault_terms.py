"""What roles may change in StakingVault, its bounds, and what its constructor refuses."""

from collections.abc import Mapping
from typing import Any

import pytest
from eth_utils.crypto import keccak

from keel.chain.revert import Reverted
from keel.chain.state import block_head, set_runtime_code
from keel.deploy.contracts import StakingVault
from keel.model.constants import BPS, DAY, ETHER, RAY
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit
from tests.unit.contracts.vaults import (
    ZERO_ADDRESS,
    apply,
    change,
    code_hashes,
    construct,
    inputs_of,
    replace_modules,
    stake,
)

FRAMES_OF_DELAY = 10


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    return keel.quick.vault


class TestTerms:
    @pytest.mark.parametrize(
        ("fields", "error", "inputs"),
        [
            ({"feeBps": 601}, "FeeTooHigh", {"feeBps": 601, "maxBps": 600}),
            (
                {"insuranceBps": 10_001},
                "ParameterOutOfBounds",
                {"what": "insuranceBps", "value": 10_001, "bound": 10_000},
            ),
            ({"treasury": ZERO_ADDRESS}, "ERC20InvalidReceiver", {"receiver": ZERO_ADDRESS}),
        ],
    )
    def test_beyond_a_bound_are_refused(
        self,
        keel: Keel,
        vault: StakingVault,
        fields: Mapping[str, Any],
        error: str,
        inputs: Mapping[str, Any],
    ) -> None:
        terms = vault.terms()
        with fails(error, **inputs):
            keel.call_as_role(vault, "setTerms", terms._replace(**fields))
        assert vault.terms() == terms

    def test_treasury_must_be_able_to_hold_keth(self, keel: Keel, vault: StakingVault) -> None:
        terms = vault.terms()
        for treasury in (vault.address, keel.quick.wrapped.address):
            with fails("ERC20InvalidReceiver", receiver=treasury):
                keel.call_as_role(vault, "setTerms", terms._replace(treasury=treasury))

    def test_at_every_bound_are_taken_and_said(self, keel: Keel, vault: StakingVault) -> None:
        treasury = keel.actors.holder.address
        terms = (600, 10_000, treasury, 2**24 - 1)
        receipt = keel.call_as_role(vault, "setTerms", terms)
        (said,) = vault.events(receipt)
        assert said.name == "TermsSet"
        assert said.inputs["terms"] == vault.terms() == terms
        change(keel, 0)
        assert vault.depositableWei() == (2**24 - 1) * ETHER

    def test_without_a_part_for_operators_mint_none(self, keel: Keel, vault: StakingVault) -> None:
        deposit(keel, keel.actors.depositor.address, 96 * ETHER)
        stake(keel, 3)
        terms = vault.terms()._replace(insuranceBps=10_000)
        keel.call_as_role(vault, "setTerms", terms)
        change(keel, 0)
        receipt = change(keel, ETHER // 100, operatorsBps=0)
        (rebased,) = vault.events(receipt, "Rebased")
        treasury_shares = vault.sharesOf(keel.actors.treasury.address)
        assert vault.sharesOf(keel.quick.registry.address) == 0
        assert treasury_shares == rebased.inputs["feeShares"] % 10**9
        assert rebased.inputs["feeShares"] > 10**9


class TestModules:
    def test_none_may_be_missing(self, keel: Keel, vault: StakingVault) -> None:
        modules = vault.modules()
        for missing in (ZERO_ADDRESS, keel.actors.stranger.address):
            for field in modules._fields:
                with fails("NoCode", account=missing):
                    replace_modules(keel, **{field: missing})
        assert vault.modules() == modules

    def test_are_replaced_only_behind_the_delay(self, keel: Keel, vault: StakingVault) -> None:
        manager, governance = keel.quick.manager, keel.actors.governance.address
        modules = vault.modules()
        replaced = modules._replace(oracle=keel.quick.queue.address)
        change = (replaced, code_hashes(keel.rpc, replaced))
        data = vault.setModules.encode(*change)
        operation = manager.hashOperation(governance, vault.address, data)
        with fails("AccessManagerNotScheduled", operationId=operation):
            vault.setModules.send(*change, sender=governance)
        manager.schedule.send(vault.address, data, 0, sender=governance)
        with fails("AccessManagerNotReady", operationId=operation):
            manager.execute.send(vault.address, data, sender=governance)
        assert vault.modules() == modules
        frames = keel.configuration.delay_seconds("MODULES") // keel.profile.frame_seconds
        assert frames == FRAMES_OF_DELAY

    def test_take_over_from_the_ones_before(self, keel: Keel, vault: StakingVault) -> None:
        successor, before = as_contract(keel.quick.queue), keel.quick.oracle.address
        modules = vault.modules()._replace(oracle=successor)
        receipt = replace_modules(keel, oracle=successor)
        (said,) = vault.events(receipt)
        assert said.inputs == {"modules": modules}
        inputs = inputs_of(keel, vault.newestRefTime())
        with fails("OnlyProtocol", caller=before, expected=successor):
            apply(keel, inputs)
        vault.applyReport.send(inputs, sender=successor)

    @pytest.mark.parametrize("field", ["oracle", "fund", "proofs"])
    def test_are_what_was_scheduled_by_their_code(
        self, keel: Keel, vault: StakingVault, field: str
    ) -> None:
        """MOD-1: whoever can put other code at the address does not choose the module."""
        place = keel.actors.stranger.address
        modules = vault.modules()._replace(**{field: place})
        set_runtime_code(keel.rpc, place, b"\x00")
        hashes = code_hashes(keel.rpc, modules)
        set_runtime_code(keel.rpc, place, b"\x00\x00")
        expected, actual = keccak(b"\x00"), keccak(b"\x00\x00")
        with fails("CodeChanged", account=place, expected=expected, actual=actual):
            keel.call_as_role(vault, "setModules", modules, hashes)
        keel.call_as_role(vault, "setModules", modules, code_hashes(keel.rpc, modules))
        assert vault.modules() == modules

    def test_have_code_of_their_own(self, keel: Keel) -> None:
        """MOD-1: EIP-7702's delegation stands for code that its account can change."""
        place = keel.actors.stranger.address
        for code in (b"\xef\x01\x00" + bytes(20), b"\xef\x00\x01"):
            set_runtime_code(keel.rpc, place, code)
            with fails("NoCode", account=place):
                replace_modules(keel, oracle=place)

    def test_the_fund_can_take_its_part_of_a_fee(self, keel: Keel) -> None:
        """MOD-1: where wkETH does not mint, every report with a fee would revert."""
        deposit(keel, keel.actors.depositor.address, 99 * ETHER)
        stake(keel, 3)
        wrapped, other = keel.quick.wrapped, keel.quick.queue.address
        for fund in (keel.quick.vault.address, wrapped.address):
            with fails("ERC20InvalidReceiver", receiver=fund):
                replace_modules(keel, fund=fund)
        replace_modules(keel, fund=other)
        change(keel, ETHER)
        assert wrapped.balanceOf(other) > 0

    def test_the_registry_is_none_of_them(self, keel: Keel, vault: StakingVault) -> None:
        """It keeps what operators have claimed and which keys were staked (AUDIT H2)."""
        assert vault.REGISTRY() == keel.quick.registry.address
        assert vault.modules()._fields == ("oracle", "fund", "proofs")
        changes = [name for name in vault.abi.functions if "registry" in name.lower()]
        assert changes == ["REGISTRY"]


class TestConstruction:
    @pytest.mark.parametrize(
        "missing",
        [
            "wrapped",
            "queue",
            "instantRedemption",
            "registry",
            "bonds",
            "withdrawalVault",
            "rewardsVault",
            "depositContract",
        ],
    )
    def test_needs_every_neighbour(self, keel: Keel, missing: str) -> None:
        with fails("ZeroAddress", what=missing):
            construct(keel, ETHER, **{missing: ZERO_ADDRESS})

    def test_needs_its_modules_and_terms_within_bounds(self, keel: Keel) -> None:
        init = keel.plan.step("StakingVault").arguments["init"]
        names = ("oracle", "fund", "proofs")
        for missing in names:
            modules = {**init["modules"], missing: ZERO_ADDRESS}
            with pytest.raises(Reverted) as caught:
                construct(keel, modules=modules)
            cause: Any = caught.value.cause
            assert cause.name == "ModuleMissing"
            assert tuple(cause.inputs["modules"]) == tuple(modules[name] for name in names)
        with fails("FeeTooHigh", feeBps=601, maxBps=600):
            construct(keel, terms={**init["terms"], "feeBps": 601})
        treasury = keel.quick.wrapped.address  # whose kETH would have no holder (SHR-5)
        with fails("ERC20InvalidReceiver", receiver=treasury):
            construct(keel, terms={**init["terms"], "treasury": treasury})

    @pytest.mark.parametrize(
        ("name", "value", "bound"),
        [
            ("frameSeconds", 0, 365 * DAY),
            ("frameSeconds", 365 * DAY + 1, 365 * DAY),
            ("streamCapRayPerDay", 0, RAY),
            ("streamCapRayPerDay", RAY + 1, RAY),
            ("maxFeeRayPerDay", 0, RAY),
            ("maxFeeRayPerDay", RAY + 1, RAY),
            ("lossLimitBps", 0, BPS),
            ("lossLimitBps", BPS + 1, BPS),
            ("lossPeriodSeconds", 0, 365 * DAY),
            ("lossPeriodSeconds", 365 * DAY + 1, 365 * DAY),
            ("stakeLimitBps", 0, BPS),
            ("stakeLimitBps", BPS + 1, BPS),
            ("stakeFloorWei", 0, 2**88 - 1),
            ("stakeFloorWei", 2**88, 2**88 - 1),
        ],
    )
    def test_bounds_what_can_never_change(
        self, keel: Keel, name: str, value: int, bound: int
    ) -> None:
        with fails("ParameterOutOfBounds", what=name, value=value, bound=bound):
            construct(keel, **{name: value})

    @pytest.mark.parametrize(
        ("name", "most"),
        [
            ("lossLimitBps", BPS),
            ("lossPeriodSeconds", 365 * DAY),
            ("stakeLimitBps", BPS),
            ("stakeFloorWei", 2**88 - 1),
        ],
    )
    def test_takes_a_limit_at_either_bound(self, keel: Keel, name: str, most: int) -> None:
        getter = {
            "lossLimitBps": "LOSS_LIMIT_BPS",
            "lossPeriodSeconds": "LOSS_PERIOD_SECONDS",
            "stakeLimitBps": "STAKE_LIMIT_BPS",
            "stakeFloorWei": "STAKE_FLOOR_WEI",
        }[name]
        for value in (1, most):
            assert construct(keel, **{name: value}).function(getter)() == value

    def test_takes_exactly_one_ether(self, keel: Keel) -> None:
        """SHR-7."""
        for paid_wei in (0, ETHER - 1, ETHER + 1):
            with fails("ParameterOutOfBounds", what="first deposit", value=paid_wei, bound=ETHER):
                construct(keel, value_wei=paid_wei)
        vault = construct(keel)
        assert vault.function("totals")() == (10**27, ETHER, 0)
        assert vault.function("sharesOf")(vault.address) == 10**27

    def test_counts_frames_from_a_slot_that_has_been(self, keel: Keel) -> None:
        head = block_head(keel.rpc)
        with pytest.raises(Reverted) as caught:
            construct(keel, frameOrigin=head.timestamp + 1_000)
        cause: Any = caught.value.cause
        assert cause.name == "RefTimeInFuture"
        assert cause.inputs["refTime"] == head.timestamp + 1_000
        assert cause.inputs["nowTime"] >= head.timestamp
        vault = construct(keel, frameOrigin=head.timestamp)
        consensus = vault.function("consensus")()
        assert (consensus.lastRefTime, consensus.announcedAt) == (head.timestamp, 0)

    def test_its_own_shares_can_never_move(self, keel: Keel, vault: StakingVault) -> None:
        """SHR-7."""
        manager = keel.quick.manager.address
        allowance = vault.allowance(vault.address, manager)
        assert (vault.sharesOf(vault.address), allowance) == (10**27, 0)
