"""Real validator keys of several operators, and the beacon state in which each is what it is."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from keel.consensus.deposit_data import DepositDataEntry
from keel.model.allocation import Operator
from keel.model.commission import Commission
from keel.model.commitment import public_key_hash
from keel.model.keys import NEVER_EPOCH, Registry, ShownValidator
from tests.beacon_record import Arguments, BeaconRecord, BeaconValidator, Shown
from tests.deployment import Keel
from tests.unit.contracts.validators import FOREIGN_CREDENTIALS, Validators, packed, pubkeys_of

_LEAVES_AT = 9


class Fate(Enum):
    """What the beacon chain makes of a key."""

    FRESH = "fresh"
    GIFT = "has more than the operator's ether"
    FOREIGN = "pays elsewhere"
    LEAVING = "leaves"


@dataclass(frozen=True)
class OperatorTerms:
    """OPR-3, and what becomes of the operator's keys in order."""

    limit: int
    target_bps: int
    fates: tuple[Fate, ...]


_MOSTLY_FRESH = (*[Fate.FRESH] * 7, Fate.LEAVING, Fate.GIFT, *[Fate.FRESH] * 11)
OPERATORS = (
    OperatorTerms(12, 8_000, _MOSTLY_FRESH),
    OperatorTerms(1_000, 5_000, _MOSTLY_FRESH),
    OperatorTerms(1_000, 10_000, (Fate.FRESH, Fate.GIFT, Fate.FOREIGN, Fate.FRESH)),
)
"""The first reaches its limit before its keys run out, the second its target; the third cheats."""


@dataclass(frozen=True)
class KeyPool:
    """Keys count from 0 over all operators."""

    registry: Registry
    owners: tuple[int, ...]
    fates: tuple[Fate, ...]
    entries: tuple[DepositDataEntry, ...]
    shown: Shown

    @cached_property
    def all_roots(self) -> list[bytes]:
        return [public_key_hash(entry.pubkey) for entry in self.entries]

    def of_operator(self, which: list[int], operator_id: int) -> list[int]:
        """Those of some keys that belong to an operator."""
        return [key for key in which if self.owners[key] == operator_id]

    def packed(self, which: list[int]) -> bytes:
        return packed([self.entries[key] for key in which])

    def pubkeys(self, which: list[int]) -> bytes:
        return pubkeys_of([self.entries[key] for key in which])

    def roots(self, which: list[int]) -> list[bytes]:
        return [self.all_roots[key] for key in which]

    def index_of(self, key: int) -> int:
        """Of its validator."""
        return self.shown.places[self.entries[key].pubkey]

    def fresh(self, which: list[int]) -> Arguments:
        """Arguments of `proveFresh` for fresh ones."""
        return next(self.shown.fresh({self.entries[key].pubkey for key in which}))

    def whole(self, key: int) -> tuple[Arguments, ShownValidator]:
        """Arguments of `proveKey`, and what they show."""
        fate = self.fates[key]
        shown = ShownValidator(
            self.index_of(key),
            self.roots([key])[0],
            is_ours=fate is not Fate.FOREIGN,
            exit_epoch=_LEAVES_AT if fate is Fate.LEAVING else NEVER_EPOCH,
        )
        return self.shown.key(self.entries[key].pubkey), shown


def admit_operators(keel: Keel) -> KeyPool:
    """Admit the operators, and show a state that has a validator for each of their keys."""
    validators, record = Validators(keel), BeaconRecord()
    owners: list[int] = []
    entries: list[DepositDataEntry] = []
    fates = [fate for terms in OPERATORS for fate in terms.fates]
    for terms in OPERATORS:
        operator_id = validators.add_operator(terms.limit, terms.target_bps)
        owners += [operator_id] * len(terms.fates)
        entries += validators.new_entries(len(terms.fates))
    for entry, fate in zip(entries, fates, strict=True):
        record.add(_validator(entry, fate))
    operators = tuple(
        Operator(i, True, terms.limit, terms.target_bps, commission=Commission(600, 600, 0))
        for i, terms in enumerate(OPERATORS)
    )
    shown = record.show(keel.rpc)
    return KeyPool(Registry(operators), tuple(owners), tuple(fates), tuple(entries), shown)


def _validator(entry: DepositDataEntry, fate: Fate) -> BeaconValidator:
    fresh = BeaconValidator(entry.pubkey, entry.withdrawal_credentials)
    if fate is Fate.GIFT:
        return fresh._replace(effective_balance_gwei=3 * 10**9)
    if fate is Fate.FOREIGN:
        return fresh._replace(withdrawal_credentials=FOREIGN_CREDENTIALS)
    if fate is Fate.LEAVING:
        return fresh._replace(exit_epoch=_LEAVES_AT)
    return fresh
