"""Proofs by command: show the chain what became of predeposited keys (KEY-3, KEY-4)."""

from collections.abc import Sequence

from ape.api.accounts import AccountAPI

from keel.chain.state import block_head
from keel.files.errors import Mistake
from keel.keeper.proofs import foreign_why, ours_why, unproven
from keel.model.key_stage import Stage
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.appearances import appearances
from keel.sight.history import History
from keel.sight.key_lives import KeyLife
from keel.sight.key_proofs import key_proofs
from keel.sight.provable_state import read_provable_state
from keel.terminal.answers import after, before
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault
from keel.terminal.operator_actions import historian_of


def prove_keys(
    connection: Connection, account: AccountAPI, pubkeys: Sequence[bytes], beacon_urls: list[str]
) -> None:
    """Prove these keys, or all that wait, as far as the beacon chain has their validators.

    Raises Mistake for a key that waits for no proof, Fault when nothing can be proven.
    """
    registry = connection.contracts.registry
    history = historian_of(connection).up_to(block_head(connection.rpc))
    lives = _named(history, pubkeys) if pubkeys else history.keys_at(Stage.PREDEPOSITED)
    if not lives:
        raise Fault("no predeposited key waits for its proof: `keel validators` shows all keys")
    credentials = connection.contracts.vault.withdrawalCredentials()
    with AgreedBeacon(beacon_urls) as beacon:
        state = read_provable_state(beacon, connection.rpc)
    shown = appearances(state.prover.state, lives, credentials)
    for why in unproven(shown, f"the beacon state of slot {state.slot}"):
        before(f"{why}.", warning="Left out")
    proofs = list(key_proofs(state.prover, state.timestamp, shown.appeared))
    if not proofs:
        raise Fault("no validator of these keys can be proven now")
    for proof in proofs:
        why = foreign_why(proof) if proof.keys[0].is_foreign else ours_why(proof)
        before(f"{why[0].upper()}{why[1:]}.")
        receipt = send(account, registry, proof.function, *proof.arguments)
        proven, foreign = (
            len(registry.events(receipt, name)) for name in ("KeyProven", "KeyForeign")
        )
        after(f"{foreign} foreign" if foreign else f"{proven} proven", receipt)


def _named(history: History, pubkeys: Sequence[bytes]) -> tuple[KeyLife, ...]:
    lives = history.key_lives()
    for pubkey in pubkeys:
        life = lives.get(pubkey)
        if life is None or life.stage is not Stage.PREDEPOSITED:
            found = "unknown" if life is None else str(life)
            raise Mistake(f"key 0x{pubkey.hex()} is {found}, predeposited expected")
    return tuple(lives[pubkey] for pubkey in dict.fromkeys(pubkeys))
