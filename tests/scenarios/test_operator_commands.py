"""`ape run operators`: a valid file beside the same file with one thing altered."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keel.chain.anvil import TEST_MNEMONIC
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.commands.operators import cli as operators
from keel.commands.stake import cli as stake
from keel.commands.validators import cli as validators
from keel.consensus.deposit_data import PREDEPOSIT_GWEI, make_deposit_data, write_deposit_data
from keel.consensus.keys import derive_signing_keys, mnemonic_to_seed
from keel.consensus.keystores import decrypt_keystore, read_keystore
from keel.deploy.bindings import bind
from keel.deploy.manifest import make_manifest
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from keel.model.key_stage import Stage
from keel.scenarios.keepers import stake as stake_keys
from keel.scenarios.operators import operators_join
from keel.scenarios.proofs import await_and_prove
from keel.scenarios.users import deposit
from keel.terminal import operator_actions
from keel.terminal.connection import Connection
from keel.terminal.operator_actions import operators_table
from tests.deployment import Keel
from tests.robustness.counting import counting
from tests.scenarios.scripted_world import ScriptedWorld
from tests.scenarios.terminal import Terminal

PUBLIC_CHAIN_ID = 560048

type Entry = dict[str, Any]


@pytest.fixture
def operator(terminal: Terminal) -> int:
    terminal.succeed(operators, "add", "Harbour", "--manager", "operator_manager_1")
    return 0


@pytest.fixture
def file(keel: Keel, tmp_path: Path) -> Path:
    """Deposit data of two keys, as they must be."""
    return write_keys(keel, tmp_path)


def write_keys(keel: Keel, folder: Path, count: int = 2, network: str = "local") -> Path:
    credentials = keel.quick.vault.withdrawalCredentials()
    keys = derive_signing_keys(mnemonic_to_seed(TEST_MNEMONIC), count)
    entries = [make_deposit_data(key, credentials, PREDEPOSIT_GWEI, network) for key in keys]
    return write_deposit_data(folder, entries, 1)


def altered(file: Path, change: Callable[[list[Entry]], None]) -> str:
    entries = json.loads(file.read_text())
    change(entries)
    file.write_text(json.dumps(entries))
    return str(file)


def flipped(text: str) -> str:
    """The last digit changed."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def stage_of(keel: Keel, pubkey: bytes) -> Stage:
    return Stage(keel.quick.registry.keyOf(public_key_hash(pubkey)).stage)


def no_key_is_known(keel: Keel) -> bool:
    last_block = block_head(keel.rpc).number
    return not keel.quick.registry.events_between(0, last_block, "KeyPredeposited")


@pytest.mark.usefixtures("operator")
def test_a_valid_file_is_predeposited(keel: Keel, terminal: Terminal, file: Path) -> None:
    told = terminal.succeed(operators, "predeposit", str(file))
    keys = [bytes.fromhex(entry["pubkey"]) for entry in json.loads(file.read_text())]
    assert [stage_of(keel, key) for key in keys] == [Stage.PREDEPOSITED] * 2
    assert "will pay 1 ETH each for operator 0: 2 ETH." in told
    assert "2 keys are predeposited" in told


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("pubkey", "deposit_message_root"),
        ("withdrawal_credentials", "withdrawal_credentials"),
        ("signature", "signature"),
        ("deposit_message_root", "deposit_message_root"),
        ("deposit_data_root", "deposit_data_root"),
        ("fork_version", "fork_version"),
    ],
)
@pytest.mark.usefixtures("operator")
def test_one_altered_digit_is_refused(
    keel: Keel, terminal: Terminal, file: Path, field: str, named: str
) -> None:
    def change(entries: list[Entry]) -> None:
        entries[1][field] = flipped(entries[1][field])

    result = terminal.run(operators, "predeposit", altered(file, change))
    assert result.exit_code == 2
    assert f"entry 1, {named}: " in result.output
    assert "entry 0" not in result.output
    assert no_key_is_known(keel)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda e: e[0].update(amount=32 * 10**9), "entry 0, amount: 32000000000, expected 1"),
        (lambda e: e[0].update(network_name="hoodi"), "network_name: hoodi, expected local"),
        (lambda e: e[0].pop("signature"), "entry 0, signature: missing"),
        (lambda e: e[0].update(pubkey="0x12"), "pubkey: 0x12, expected hexadecimal digits"),
        (lambda e: e.append(e[0]), "a key that entry 0 has not used"),
        (lambda e: e.clear(), "is not deposit data: [], expected entries in a list"),
    ],
)
@pytest.mark.usefixtures("operator")
def test_what_is_no_valid_file_is_refused(
    keel: Keel,
    terminal: Terminal,
    file: Path,
    change: Callable[[list[Entry]], None],
    line: str,
) -> None:
    result = terminal.run(operators, "predeposit", altered(file, change))
    assert result.exit_code == 2
    assert line in result.output
    assert no_key_is_known(keel)


@pytest.mark.usefixtures("operator")
def test_keys_for_another_network_are_refused(
    keel: Keel, terminal: Terminal, tmp_path: Path
) -> None:
    file = write_keys(keel, tmp_path, 1, "hoodi")
    result = terminal.run(operators, "predeposit", str(file))
    assert result.exit_code == 2
    assert "entry 0, fork_version: 10000910, expected 004b454c" in result.output


@pytest.mark.usefixtures("operator")
def test_keys_that_are_predeposited_are_refused(terminal: Terminal, file: Path) -> None:
    terminal.succeed(operators, "predeposit", str(file))
    line = terminal.refuse(operators, "predeposit", str(file), code=2)
    assert "it is predeposited for operator 0" in line


@pytest.mark.usefixtures("operator")
def test_only_the_manager_predeposits(terminal: Terminal, file: Path) -> None:
    line = terminal.refuse(operators, "predeposit", str(file), "--account", "attacker")
    assert line.endswith("manages none")
    named = ("--operator", "0", "--account", "attacker")
    assert "operator 0 is not managed by" in terminal.refuse(
        operators, "predeposit", str(file), *named
    )
    unknown = terminal.refuse(operators, "predeposit", str(file), "--operator", "1", code=2)
    assert unknown == "Error: operator 1 is unknown: the registry has 1, from 0 on"


@pytest.mark.usefixtures("operator")
def test_a_missing_file_is_named(terminal: Terminal) -> None:
    line = terminal.refuse(operators, "predeposit", "nothing.json", code=2)
    assert "nothing.json cannot be read: No such file or directory" in line


def test_only_the_council_admits_operators(terminal: Terminal) -> None:
    line = terminal.refuse(
        operators, "add", "Quay", "--manager", "attacker", "--account", "attacker"
    )
    assert "addOperator is refused: AccessManagedUnauthorized(caller=0x" in line


def test_a_manager_lowers_its_commission_at_once_and_raises_it_later(
    keel: Keel, terminal: Terminal, operator: int
) -> None:
    """COM-1."""
    lower = terminal.succeed(operators, "commission", str(operator), "500")
    assert "Harbour will ask for 5.00 % of its profit, now 6.00 %" in lower
    assert "It is in force now." in lower
    assert "in force in" in terminal.succeed(operators, "commission", str(operator), "1400")
    assert "5.00 %, 14.00 % in" in terminal.succeed(operators, "list")
    assert keel.quick.registry.operator(operator).commissionBps == 500
    stranger = ("--account", "operator_manager_2")
    assert "operator 0 is not managed by" in terminal.refuse(
        operators, "commission", "0", "500", *stranger
    )
    beyond = terminal.refuse(operators, "commission", str(operator), "1401", code=2)
    assert "1401 is not in the range" in beyond
    assert beyond.endswith("500<=x<=1400.")


@pytest.mark.usefixtures("operator")
def test_proven_keys_are_staked_as_far_as_ether_goes(
    keel: Keel, local_world: ScriptedWorld, terminal: Terminal, file: Path
) -> None:
    terminal.succeed(operators, "predeposit", str(file))
    assert "a validator takes 31 ETH" in terminal.refuse(operators, "stake")
    terminal.succeed(stake, "40")
    assert "no proven key may be staked" in terminal.refuse(operators, "stake")
    await_and_prove(local_world)
    told = terminal.succeed(operators, "stake")
    assert "31 ETH will follow 1 proven keys: 1 of operator 0" in told
    assert "1 ETH went into their operators' bonds" in told
    assert keel.quick.registry.totals().staked == 1
    listed = terminal.succeed(operators, "list")
    assert "id: 0 operator: Harbour staked: 1 proven: 1 unproven: 0 bond: 1" in listed
    assert "limit: 1,000 target: 100.00 % commission: 6.00 % gets more: yes" in listed


@pytest.mark.usefixtures("operator")
def test_validators_lists_each_key_with_what_may_be_done_next(
    local_world: ScriptedWorld, terminal: Terminal, file: Path
) -> None:
    def rows() -> list[str]:
        return [line for line in terminal.run(validators).output.splitlines() if "0x" in line]

    assert rows() == []
    terminal.succeed(operators, "predeposit", str(file))
    listed = terminal.succeed(validators)
    assert listed.count("predeposited") == 2
    assert listed.count("keel prove, once the beacon chain has the validator") == 2
    await_and_prove(local_world)
    assert terminal.succeed(validators).count("waits for ether") == 2
    terminal.succeed(stake, "40")
    assert terminal.succeed(validators).count("keel operators stake") == 2
    terminal.succeed(operators, "stake")
    listed = terminal.succeed(validators)
    assert listed.count("staked") == 1
    assert listed.count("waits for ether") == 1


@pytest.mark.usefixtures("operator")
def test_a_dropped_key_is_staked_never(
    keel: Keel, local_world: ScriptedWorld, terminal: Terminal, file: Path
) -> None:
    terminal.succeed(operators, "predeposit", str(file))
    await_and_prove(local_world)
    first, second = (entry["pubkey"] for entry in json.loads(file.read_text()))
    told = terminal.succeed(operators, "drop", first)
    assert "1 ETH stay with the validators of these keys and are lost to you" in told
    assert stage_of(keel, bytes.fromhex(first)) is Stage.DROPPED
    terminal.succeed(stake, "100")
    terminal.succeed(operators, "stake")
    assert stage_of(keel, bytes.fromhex(second)) is Stage.STAKED
    assert keel.quick.registry.totals().staked == 1


@pytest.mark.usefixtures("operator")
def test_only_own_keys_that_are_not_staked_are_dropped(
    keel: Keel, local_world: ScriptedWorld, terminal: Terminal, file: Path
) -> None:
    terminal.succeed(operators, "predeposit", str(file))
    await_and_prove(local_world)
    terminal.succeed(stake, "40")
    terminal.succeed(operators, "stake")
    key = json.loads(file.read_text())[0]["pubkey"]
    line = terminal.refuse(operators, "drop", key, code=2)
    assert "is staked for operator 0, predeposited or proven for operator 0 expected" in line
    unknown = "ab" * 48
    line = terminal.refuse(operators, "drop", unknown, code=2)
    assert f"key 0x{unknown} is unknown" in line
    line = terminal.refuse(operators, "drop", "0x12", code=2)
    assert "'0x12' is no public key, 96 hexadecimal digits expected" in line
    line = terminal.refuse(operators, "drop", key, "--account", "attacker")
    assert line.endswith("manages none")
    assert stage_of(keel, bytes.fromhex(key)) is Stage.STAKED


@pytest.mark.usefixtures("operator")
def test_keys_made_here_are_taken(terminal: Terminal, tmp_path: Path) -> None:
    chosen = "correct horse battery"
    words, password, folder = tmp_path / "words", tmp_path / "password", tmp_path / "keys"
    words.write_text(TEST_MNEMONIC)
    password.write_text(f"{chosen}\n")
    for secret in (words, password):
        secret.chmod(0o600)
    terminal.succeed(
        operators,
        "make-keys",
        "--count",
        "2",
        "--mnemonic-file",
        str(words),
        "--password-file",
        str(password),
        "--kdf",
        "pbkdf2",
        str(folder),
    )
    (file,) = folder.glob("deposit_data-*.json")
    first = sorted(folder.glob("keystore-*.json"))[0]
    (key,) = derive_signing_keys(mnemonic_to_seed(TEST_MNEMONIC), 1)
    assert decrypt_keystore(read_keystore(first), chosen) == key.secret
    terminal.succeed(operators, "predeposit", str(file))


def test_a_mnemonic_with_a_wrong_word_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    words, password = tmp_path / "words", tmp_path / "password"
    words.write_text(TEST_MNEMONIC.replace("junk", "test"))
    password.write_text("correct horse battery")
    for file in (words, password):
        file.chmod(0o600)
    line = terminal.refuse(
        operators,
        "make-keys",
        "--mnemonic-file",
        str(words),
        "--password-file",
        str(password),
        str(tmp_path / "keys"),
        code=2,
    )
    assert "word 12, 'test', does not fit the others (checksum)" in line


def test_make_keys_wants_one_source(terminal: Terminal, tmp_path: Path) -> None:
    line = terminal.refuse(operators, "make-keys", str(tmp_path), code=2)
    assert "give either --new or --mnemonic-file" in line


def test_a_name_has_no_power_over_the_terminal(terminal: Terminal) -> None:
    name = "[b]Q[/x]\x1b[2J"
    told = terminal.succeed(operators, "add", name, "--manager", "operator_manager_1")
    assert "[b]Q[/x]" in told
    listed = terminal.succeed(operators, "list")
    assert "[b]Q[/x]\N{REPLACEMENT CHARACTER}[2J" in listed
    assert "\x1b" not in told + listed


def test_a_second_command_reads_no_block_again_and_shows_the_same(
    keel: Keel, local_world: ScriptedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator_actions, "working_root", lambda: tmp_path)
    operators_join(local_world, tmp_path, keys_each=1)
    deposit(local_world, "depositor", 40 * ETHER)
    stake_keys(local_world)
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    whole = block_head(keel.rpc).number - manifest.block + 1
    with counting(keel.rpc.url) as node, RpcClient(node.url) as rpc:
        contracts = bind(rpc, manifest.addresses, keel.artifacts)

        def listed(chain_id: int) -> list[list[object]]:
            """Cells of the table, by column."""
            on_chain = manifest.model_copy(update={"chain_id": chain_id})
            table = operators_table(Connection(rpc, on_chain, contracts))
            return [list(column.cells) for column in table.columns]

        first = listed(PUBLIC_CHAIN_ID)
        assert node.log_blocks == whole
        assert listed(PUBLIC_CHAIN_ID) == first
        assert node.log_blocks == whole
        assert listed(manifest.chain_id) == first
        assert node.log_blocks == 2 * whole, "nothing is kept of a local chain"
    assert [path.name for path in (tmp_path / ".keel" / "events").iterdir()] == [
        f"events-{PUBLIC_CHAIN_ID}.json"
    ]
    assert first[2:4] == [["1", "0", "0"], ["0", "1", "1"]]  # staked, proven
