"""Keys predeposited, proven, dropped and staked by whoever may, and bonds that leave."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import rule

from keel.model import bonds as bond_rules
from keel.model import keys as key_rules
from keel.model import protocol as rules
from keel.model.bonds import Bond, Leaving
from keel.model.commission import CommissionSpan, set_commission
from keel.model.commitment import OperatorTotals
from keel.model.constants import ETHER, SHARES_PER_WEI
from keel.model.key_stage import Stage
from keel.model.keys import Registry
from keel.model.protocol import REGISTRY, Protocol
from tests.stateful.keys import OPERATORS, Fate, KeyPool
from tests.stateful.machine import Machine
from tests.stateful.reading import ACTORS

_KEYS = sum(len(terms.fates) for terms in OPERATORS)
_numbers = st.integers(0, _KEYS - 1)
_operators = st.integers(0, len(OPERATORS) - 1)


class KeyRules(Machine):
    keys: KeyPool

    @rule(operator_id=_operators, count=st.integers(1, 4))
    def predeposit_next(self, operator_id: int, count: int) -> None:
        """The next keys of an operator."""
        new = self.at_stage(Stage.NONE)
        self.predeposit(operator_id, self.keys.of_operator(new, operator_id)[:count], 0)

    @rule(
        operator_id=_operators,
        which=st.lists(_numbers, min_size=1, max_size=3),
        off_wei=st.sampled_from([0, 0, 1, -1, ETHER]),
    )
    def predeposit_any(self, operator_id: int, which: list[int], off_wei: int) -> None:
        """Known ones and others' among them; KEY-1: whoever is first has the key."""
        theirs = [key for key in which if self.keys.owners[key] == operator_id]
        self.predeposit(operator_id, theirs or which[:1], off_wei)

    def predeposit(self, operator_id: int, which: list[int], off_wei: int) -> None:
        if not which:
            return
        value_wei = len(which) * ETHER + off_wei
        roots = self.keys.roots(which)
        self.change(
            "predeposit",
            (operator_id, self.keys.packed(which), False),
            lambda registry: key_rules.predeposit(registry, operator_id, roots, value_wei),
            sender="manager",
            value_wei=value_wei,
        )

    @rule(operator_id=_operators, bps=st.integers(500, 1_400) | st.sampled_from([499, 1_401]))
    def set_commission(self, operator_id: int, bps: int) -> None:
        """COM-1."""
        now, frame = self.pair.now, self.pair.model.parameters.geometry.frame_seconds

        def after(registry: Registry) -> Registry:
            operator = registry.operators[operator_id]
            changed = set_commission(operator.commission, now, bps, frame)
            return registry.with_operator(replace(operator, commission=changed))

        self.change("setCommission", (operator_id, bps), after, sender="manager")

    @rule(which=st.lists(_numbers, min_size=1, max_size=6))
    def prove_fresh(self, which: list[int]) -> None:
        """Any fresh ones, whatever the registry knows of them."""
        fresh = [key for key in sorted(set(which)) if self.keys.fates[key] is Fate.FRESH]
        if fresh:
            self.prove(fresh)

    @rule()
    def prove_all(self) -> None:
        """All that wait."""
        waiting = self.at_stage(Stage.PREDEPOSITED)
        fresh = [key for key in waiting if self.keys.fates[key] is Fate.FRESH]
        if fresh:
            self.prove(fresh)

    def prove(self, which: list[int]) -> None:
        shown = dict(
            zip(self.keys.roots(which), (self.keys.index_of(key) for key in which), strict=True)
        )
        self.change(
            "proveFresh",
            self.keys.fresh(which),
            lambda registry: key_rules.prove_fresh(registry, shown),
        )

    @rule(key=_numbers)
    def prove_whole(self, key: int) -> None:
        """KEY-3, KEY-4."""
        arguments, shown = self.keys.whole(key)
        self.change("proveKey", arguments, lambda registry: key_rules.prove_key(registry, shown))

    @rule(key=_numbers, operator_id=st.none() | st.none() | _operators)
    def drop(self, key: int, operator_id: int | None) -> None:
        """Its own operator, or any; KEY-5."""
        roots = self.keys.roots([key])
        operator_id = self.keys.owners[key] if operator_id is None else operator_id
        self.change(
            "dropKeys",
            (operator_id, roots),
            lambda registry: key_rules.drop(registry, operator_id, roots),
            sender="manager",
        )

    @rule(count=st.integers(1, 6))
    def stake(self, count: int) -> None:
        """The first keys that are proven."""
        self.stake_keys(self.at_stage(Stage.PROVEN)[:count])

    @rule(operator_id=_operators, count=st.integers(1, 4))
    def keys_pass(self, operator_id: int, count: int) -> None:
        """All the way, for the next keys of an operator, whatever the chain makes of them."""
        self.predeposit_next(operator_id, count)
        for key in self.at_stage(Stage.PREDEPOSITED):
            self.prove_whole(key)
        self.stake(count)

    @rule(which=st.lists(_numbers, max_size=8))
    def stake_any(self, which: list[int]) -> None:
        """Whatever keys, some of them twice."""
        self.stake_keys(which)

    def stake_keys(self, which: list[int]) -> None:
        pair, roots = self.pair, self.keys.roots(which)
        pair.send(
            pair.keel.quick.registry,
            "stake",
            self.keys.pubkeys(which),
            sender="attacker",
            then=lambda: rules.stake_keys(pair.model, pair.now, roots)[0],
            exempt=ACTORS if self.a_loss_comes_back() else (),
        )

    def a_loss_comes_back(self) -> bool:
        """KEY-6: a bond is minted at more than V then, so holders gain at its operator's cost."""
        accounts = self.pair.model.accounts
        worth_wei = min(accounts.backing_wei, accounts.shares // SHARES_PER_WEI)
        return accounts.visible_wei(self.pair.now) < worth_wei

    def predeposit_and_prove(self, which: list[int]) -> None:
        """Fresh keys of any operators."""
        for operator_id in range(len(OPERATORS)):
            self.predeposit(operator_id, self.keys.of_operator(which, operator_id), 0)
        self.prove(which)

    @rule(gwei=st.integers(1, 64 * 10**9), age=st.integers(-600, 3 * 86_400))
    def note_slashing(self, gwei: int, age: int) -> None:
        """STA-7: in the registry's place, of any frame."""
        pair, slashed_by = self.pair, self.pair.now - age
        pair.send(
            pair.keel.quick.vault,
            "noteSlashing",
            gwei,
            slashed_by,
            sender=REGISTRY,
            then=lambda: rules.note_slashing(pair.model, pair.now, gwei, slashed_by),
        )

    @rule(operator_id=_operators, parts=st.integers(1, 3))
    def forfeit_bond(self, operator_id: int, parts: int) -> None:
        """BND-4: in the registry's place."""
        pair = self.pair
        held = pair.model.bonds.get(operator_id, Bond())
        if held.parts < parts:
            return
        bond, units = bond_rules.take(held, parts)
        forfeit_units = pair.model.forfeit_units + units
        bonds = {**pair.model.bonds, operator_id: bond}
        pair.send(
            pair.keel.quick.bonds,
            "forfeit",
            operator_id,
            parts,
            sender=REGISTRY,
            then=lambda: replace(pair.model, bonds=bonds, forfeit_units=forfeit_units),
        )

    @rule(operator_id=_operators, parts=st.integers(1, 3))
    def release_bond(self, operator_id: int, parts: int) -> None:
        """BND-2: in the registry's place."""
        self.release(operator_id, parts)

    def release(self, operator_id: int, parts: int) -> bytes | None:
        """Return under which key."""
        pair = self.pair
        held = pair.model.bonds.get(operator_id, Bond())
        if held.parts < parts:
            return None
        bond, units = bond_rules.take(held, parts)
        root = len(pair.model.leaving_bonds).to_bytes(4) + pair.now.to_bytes(28)
        bonds = {**pair.model.bonds, operator_id: bond}
        cooldown = pair.model.parameters.bond_cooldown_seconds

        def after() -> Protocol:
            leaving = Leaving(units, operator_id, pair.now + cooldown)
            kept = {**pair.model.leaving_bonds, root: leaving}
            return replace(pair.model, bonds=bonds, leaving_bonds=kept)

        arguments = (operator_id, root, parts)
        pair.send(pair.keel.quick.bonds, "release", *arguments, sender=REGISTRY, then=after)
        return root

    @rule(which=st.integers(0, 9), waits=st.booleans())
    def pay_bond(self, which: int, waits: bool) -> None:
        """BND-3: sometimes as soon as it can be paid."""
        roots = sorted(self.pair.model.leaving_bonds)
        root = roots[which % len(roots)] if roots else bytes(32)
        if waits and roots:
            self.pair.jump_to(self.pair.model.leaving_bonds[root].payable_at)
        self.pay_bond_of(root)

    def pay_bond_of(self, root: bytes) -> None:
        pair = self.pair
        pair.send(
            pair.keel.quick.bonds,
            "pay",
            root,
            sender="attacker",
            then=lambda: rules.pay_bond(pair.model, pair.now, root, "manager")[0],
        )

    def leaves_for(self, slot: int) -> tuple[OperatorTotals, ...]:
        """What a report says of operators: up to three have exited, by the slot."""
        frame = self.pair.model.parameters.geometry.frame_slots
        return tuple(
            OperatorTotals(operator.operator_id, operator.staked - gone, gone, 0, 0)
            for operator in self.pair.model.registry.operators
            for gone in (min(operator.staked, slot // frame % 4),)
        )

    def operators_bps(self) -> int:
        """What a report gives to operators: as if what they ask for now had always held (COM-2)."""
        operators = self.pair.model.registry.operators
        asked = {o.operator_id: o.commission.at(self.pair.now) for o in operators}
        return CommissionSpan(1, asked).operators_bps({o.operator_id: o.staked for o in operators})

    def at_stage(self, stage: Stage) -> list[int]:
        registry = self.pair.model.registry
        roots = enumerate(self.keys.all_roots)
        return [key for key, root in roots if registry.key(root).stage is stage]

    def change(
        self,
        function: str,
        arguments: tuple[object, ...],
        then: Callable[[Registry], Registry],
        sender: str = "attacker",
        value_wei: int = 0,
    ) -> None:
        """Call the registry; nothing but its keys changes."""
        pair = self.pair

        def after() -> Protocol:
            return replace(pair.model, registry=then(pair.model.registry))

        pair.send(
            pair.keel.quick.registry,
            function,
            *arguments,
            sender=sender,
            value_wei=value_wei,
            then=after,
        )
