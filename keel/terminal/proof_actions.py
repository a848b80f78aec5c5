"""Proofs by command: show the chain what became of keys (KEY-3, KEY-4, KEY-8, KEY-9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ape.api.accounts import AccountAPI

from keel.chain.state import block_head
from keel.chain.transaction import Receipt
from keel.files.errors import Mistake
from keel.keeper.departures import departure_why
from keel.keeper.proofs import foreign_why, ours_why, unproven
from keel.model.key_stage import Stage
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.appearances import Appearances, Appeared, appearances
from keel.sight.departures import LIVE_STAGES, Departed, departure_proofs, departures
from keel.sight.history import History
from keel.sight.key_lives import KeyLife
from keel.sight.key_proofs import KeyProof, key_proofs
from keel.sight.provable_state import ProvableState, read_provable_state
from keel.terminal.answers import after, before
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault
from keel.terminal.operator_actions import historian_of, operators_of

_NOT_STAKED = (Stage.PREDEPOSITED, Stage.PROVEN, Stage.FOREIGN)
"""Stages of keys whose validators can be proven to pay to Keel or elsewhere."""
_PROVABLE = (*_NOT_STAKED, *LIVE_STAGES)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a state shows of keys that the chain does not know yet."""

    appeared: tuple[Appeared, ...]
    departed: tuple[Departed, ...]
    left_out: tuple[str, ...]


def prove_keys(
    connection: Connection, account: AccountAPI, pubkeys: Sequence[bytes], beacon_urls: list[str]
) -> None:
    """Prove what the beacon chain shows of these keys; without any, of all that nobody proved yet.

    Raises Mistake for a key of which nothing can be proven any more, Fault when nothing can now.
    """
    history = historian_of(connection).up_to(block_head(connection.rpc))
    lives = _named(history, pubkeys) if pubkeys else _waiting(history)
    if not lives:
        raise Fault("no key waits for a proof: `keel validators` shows all keys")
    credentials = connection.contracts.vault.withdrawalCredentials()
    with AgreedBeacon(beacon_urls) as beacon:
        state = read_provable_state(beacon, connection.rpc)
    shown = _shown(state, lives, credentials, tells_all=bool(pubkeys))
    for why in shown.left_out:
        before(f"{why}.", warning="Left out")
    if not _send_all(connection, account, state, shown):
        raise Fault("nothing can be proven of these keys now")


def _send_all(
    connection: Connection, account: AccountAPI, state: ProvableState, shown: _Shown
) -> int:
    """Slashings first: they close doors. Returns the number of proofs."""
    frozen = {number for number, operator in operators_of(connection) if operator.frozen}
    departed = list(departure_proofs(state.prover, state.timestamp, shown.departed))
    keys = list(key_proofs(state.prover, state.timestamp, shown.appeared, frozen))
    for slashed in (proof for proof in departed if proof.departed.is_slashed):
        _send(connection, account, slashed.departed, slashed.arguments)
    for proof in keys:
        _send_key_proof(connection, account, proof)
    for gone in (proof for proof in departed if not proof.departed.is_slashed):
        _send(connection, account, gone.departed, gone.arguments)
    return len(departed) + len(keys)


def _send(
    connection: Connection, account: AccountAPI, one: Departed, arguments: tuple[object, ...]
) -> None:
    receipt = _prove(connection, account, departure_why(one), one.function, arguments)
    after("1 proven to be slashed" if one.is_slashed else "1 proven to be paid out", receipt)


def _send_key_proof(connection: Connection, account: AccountAPI, proof: KeyProof) -> None:
    why = foreign_why(proof) if proof.keys[0].is_foreign else ours_why(proof)
    receipt = _prove(connection, account, why, proof.function, proof.arguments)
    registry = connection.contracts.registry
    proven, foreign = (len(registry.events(receipt, name)) for name in ("KeyProven", "KeyForeign"))
    after(f"{foreign} foreign" if foreign else f"{proven} proven", receipt)


def _prove(
    connection: Connection,
    account: AccountAPI,
    why: str,
    function: str,
    arguments: tuple[object, ...],
) -> Receipt:
    before(f"{why[0].upper()}{why[1:]}.")
    return send(account, connection.contracts.registry, function, *arguments)


def _waiting(history: History) -> tuple[KeyLife, ...]:
    """Keys of which a first proof, or another one after their stake, may be possible."""
    stages = (Stage.PREDEPOSITED, *LIVE_STAGES)
    return tuple(life for stage in stages for life in history.keys_at(stage))


def _named(history: History, pubkeys: Sequence[bytes]) -> tuple[KeyLife, ...]:
    lives = history.key_lives()
    for pubkey in pubkeys:
        life = lives.get(pubkey)
        if life is None or life.stage not in _PROVABLE:
            found = "unknown" if life is None else str(life)
            raise Mistake(f"key 0x{pubkey.hex()} is {found}: nothing can be proven of it")
    return tuple(lives[pubkey] for pubkey in dict.fromkeys(pubkeys))


def _shown(
    state: ProvableState, lives: Sequence[KeyLife], credentials: bytes, *, tells_all: bool
) -> _Shown:
    """Look for keys in a state; `tells_all`: also what is no news is told."""
    encoded, which = state.prover.state, f"the beacon state of slot {state.slot}"
    found = appearances(encoded, [life for life in lives if life.stage in _NOT_STAKED], credentials)
    news = tuple(filter(_is_news, found.appeared))
    departed = departures(encoded, lives)
    left_out = list(unproven(replace(found, appeared=news), which))
    if tells_all:
        left_out += _no_news(found, lives, departed, which)
    return _Shown(tuple(map(_by_itself, news)), departed, tuple(left_out))


def _is_news(one: Appeared) -> bool:
    """Whether the registry does not say so of the key already."""
    return one.life.stage is Stage.PREDEPOSITED or _is_called_foreign(one) is not one.is_foreign


def _is_called_foreign(one: Appeared) -> bool:
    return one.life.stage is Stage.FOREIGN


def _by_itself(one: Appeared) -> Appeared:
    """Only predeposited keys are proven by their public keys alone (KEY-3)."""
    return one if one.life.stage is Stage.PREDEPOSITED else replace(one, is_fresh=False)


def _no_news(
    found: Appearances, lives: Sequence[KeyLife], departed: Sequence[Departed], state: str
) -> Iterator[str]:
    for one in found.appeared:
        if not _is_news(one):
            yield f"key 0x{one.life.pubkey.hex()} is {one.life} in {state} too"
    gone = {one.life.pubkey for one in departed}
    for life in lives:
        if life.stage in LIVE_STAGES and life.pubkey not in gone:
            what = "paid out" if life.stage is Stage.SLASHED else "slashed or paid out"
            yield f"the validator of key 0x{life.pubkey.hex()} is not {what} in {state}"
