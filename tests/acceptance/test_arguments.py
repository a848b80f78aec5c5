"""What people mistype at the commands: one line that names it, exit code 2, and nothing is done."""

import time

import pytest
from click.testing import CliRunner

from keel.command import cli as keel_cli
from keel.commands import (
    beacon,
    bench,
    chain,
    claim,
    crosscheck,
    demo,
    deploy,
    exits,
    gas,
    operators,
    prove,
    redeem,
    replace,
    request,
    stake,
    status,
    validators,
    verify,
    wrap,
)
from keel.dashboard import command as dashboard
from keel.keeper import command as keeper
from keel.reporter import command as reporter
from tests.circle.running_chain import at_once_seconds

COMMANDS = {
    "beacon": beacon.cli,
    "bench": bench.cli,
    "chain": chain.cli,
    "claim": claim.cli,
    "crosscheck": crosscheck.cli,
    "dashboard": dashboard.cli,
    "demo": demo.cli,
    "deploy": deploy.cli,
    "exits": exits.cli,
    "gas": gas.cli,
    "keel": keel_cli,
    "keeper": keeper.cli,
    "operators": operators.cli,
    "prove": prove.cli,
    "redeem": redeem.cli,
    "replace": replace.cli,
    "reporter": reporter.cli,
    "request": request.cli,
    "stake": stake.cli,
    "status": status.cli,
    "validators": validators.cli,
    "verify": verify.cli,
    "wrap": wrap.cli,
}
ZERO = "0x" + "00" * 20
MISTYPED = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
HUGE = "1" + "0" * 30

WRONG = [
    ("chain --port 99999", "99999 is not in the range 0<=x<=65535"),
    ("chain --beacon-port 65536", "65536 is not in the range"),
    ("chain --page-port x", "'x' is not a valid integer"),
    ("chain --keepers 100000", "100000 is not in the range 0<=x<=10"),
    ("chain --reporters 6", "6 is not in the range 0<=x<=5"),
    ("chain --slot-time 0", "0 is not in the range 1<=x<=60"),
    ("chain --demo", "--demo needs --state FOLDER"),
    ("chain --data /", "'/' cannot be used as a folder"),
    ("chain --data ", "cannot be used as a folder"),
    ("chain --data /etc/passwd", "is a file"),
    ("chain --allow-origin http://[::1", "an origin like https://app.example expected"),
    ("beacon start --validators 0", "0 is not in the range 1<=x<=16384"),
    ("beacon start --validators 1000000", "1000000 is not in the range"),
    ("beacon start --compounding -1", "-1 is not in the range"),
    ("beacon start --genesis-time -5", "-5 is not in the range"),
    ("beacon start --slot-time 3601", "3601 is not in the range"),
    ("beacon start --fork deneb", "'deneb' is not one of"),
    ("beacon run 0", "0 is not in the range 1<=x<=100000"),
    (f"beacon miss {HUGE}", "is not in the range"),
    ("beacon run", "Missing argument 'SLOTS'"),
    ("beacon until activation", "Give its public key"),
    ("beacon slash sleeping 3", "'sleeping' is not one of"),
    ("beacon slash double-vote", "Missing argument 'INDICES...'"),
    ("beacon withdraw 3 0.0000000001", "has more than 9 decimals"),
    ("beacon top-up 3 0", "0 is not above 0"),
    ("beacon mev nothing", "'nothing' is not an amount such as 1.5"),
    ("beacon fee-recipient nothing", "'nothing' is not an address"),
    (f"beacon fee-recipient {ZERO}", "the zero address cannot be used as an account"),
    (f"beacon fee-recipient {MISTYPED[:-1]}", "is not an address"),
    (f"beacon fee-recipient {MISTYPED[:-3]}AA3", "its capital letters do not match (EIP-55)"),
    ("beacon deposit /nowhere", "/nowhere cannot be read: No such file"),
    ("beacon add-key /tmp --password x", "would show it in the list of processes"),
    ("stake", "Missing argument 'AMOUNT'"),
    ("stake -5", "-5 is not above 0"),
    ("claim -1", "-1 is not in the range x>=1"),
    ("request -0.5", "-0.5 is not above 0"),
    ("beacon mev -3", "-3 is not above 0"),
    ("beacon run -5", "-5 is not in the range 1<=x<=100000"),
    ("beacon validator -1", "-1 is not in the range x>=0"),
    ("beacon until foo", "'EVENT': 'foo' is not one of 'active', 'paid'"),
    ("stake 1e5", "'1e5' is not an amount such as 1.5"),
    (f"stake {HUGE}", "ETH is too much"),
    ("request 0", "0 is not above 0"),
    ("redeem 1 --min-out -1", "-1 is not above 0"),
    ("wrap 0.1234567890123456789", "has more than 18 decimals"),
    ("claim 0", "0 is not in the range x>=1"),
    ("status --network ", "is neither http://HOST:PORT nor a network of Ape"),
    ("status --network http://", "http:// has no host, or no port from 1 to 65,535"),
    ("status --network http://[::1", "has no host, or no port from 1 to 65,535"),
    ("status --network http://127.0.0.1:999999", "has no host, or no port from 1 to 65,535"),
    ("status --network ftp://127.0.0.1", "this address is neither http://HOST:PORT nor"),
    ("verify --network ethereum:local:http://127.0.0.1:8545", "is neither http://HOST:PORT nor"),
    ("verify --manifest /nowhere", "'/nowhere' does not exist"),
    ("verify --manifest /tmp", "is a directory"),
    ("deploy --config /nowhere", "'/nowhere' does not exist"),
    ("deploy --profile tiny", "'tiny' is not one of"),
    ("deploy --network http://127.0.0.1:x", "has no host, or no port from 1 to 65,535"),
    ("deploy --release ", "'--release': a name of at least one character"),
    ("replace registry --label 2", "'registry' is not one of 'oracle', 'fund', 'proofs'"),
    ("replace oracle", "Missing option '--label'"),
    ("replace oracle --label ", "'--label': a name of at least one character"),
    ("operators predeposit /dev/null", "/dev/null is"),
    ("operators add", "Missing argument 'NAME'"),
    ("operators add Harbour", "Missing option '--manager'"),
    ("operators add Harbour --manager me --target-bps 10001", "10001 is not in the range"),
    ("operators add Harbour --manager me --limit 4294967296", "4294967296 is not in the range"),
    ("operators make-keys /tmp/k --new --count 1001", "1001 is not in the range"),
    ("operators make-keys /tmp/k --new --kdf md5", "'md5' is not one of"),
    ("operators stake --most 0", "0 is not in the range"),
    ("operators drop 0x12", "'0x12' is no public key, 96 hexadecimal digits expected"),
    ("prove 0x12", "'0x12' is no public key, 96 hexadecimal digits expected"),
    ("prove --beacon ftp://a:secret@b/key", "'ftp://b' is not an http or https address"),
    ("validators 3", "unexpected extra argument (3)"),
    ("beacon start --data /etc/passwd/x", "'/etc/passwd/x' cannot be made: /etc/passwd is a file"),
    ("crosscheck --fork deneb", "'deneb' is not one of 'fulu', 'electra'"),
    ("crosscheck --data /", "'/' cannot be used as a folder"),
    ("crosscheck --data ", "'' cannot be used as a folder"),
    ("crosscheck --data /etc/passwd/x", "'/etc/passwd/x' cannot be made: /etc/passwd is a file"),
    ("crosscheck --recorded --data /nowhere", "/nowhere/electra holds no recorded story"),
    ("crosscheck fulu", "unexpected extra argument (fulu)"),
    ("bench --fork deneb", "'deneb' is not one of 'electra', 'fulu'"),
    ("bench quick", "unexpected extra argument (quick)"),
    ("demo --fast 3", "unexpected extra argument (3)"),
    ("gas --trace", "'--trace' requires an argument"),
    ("gas --trace nothing", "'nothing' is not measured by one transaction; known: deposit_first"),
    ("gas --trace ", "'' is not measured by one transaction"),
    ("gas --check --trace request_repeat", "--check and --trace: only one of them"),
    ("gas request_repeat", "unexpected extra argument (request_repeat)"),
    ("reporter report", "No such command 'report'"),
    ("reporter run", "data: is needed; network: is needed; there is no --config FILE"),
    ("reporter run --config", "'--config' requires an argument"),
    ("reporter run --config /nowhere", "/nowhere cannot be read: No such file"),
    ("reporter run --config /", "/ is a folder, a file expected"),
    ("reporter run --config /dev/null", "/dev/null is"),
    ("reporter run --once 3", "unexpected extra argument (3)"),
    ("reporter check --config /nowhere", "/nowhere cannot be read: No such file"),
    ("reporter check 3", "unexpected extra argument (3)"),
    ("reporter explain", "Missing argument 'REF_SLOT'"),
    ("reporter explain 1.5", "'1.5' is not a valid integer"),
    ("reporter explain 18446744073709551616", "is not in the range 0<=x<=18446744073709551615"),
    (f"reporter explain {HUGE}", "is not in the range"),
    ("reporter explain 5 --config /nowhere", "/nowhere cannot be read: No such file"),
    ("keeper stake", "No such command 'stake'"),
    ("keeper run", "deployment: is needed; data: is needed; network: is needed"),
    ("keeper run --config /", "/ is a folder, a file expected"),
    ("keeper run --once 3", "unexpected extra argument (3)"),
    ("keeper plan --config /nowhere", "/nowhere cannot be read: No such file"),
    ("keeper plan 3", "unexpected extra argument (3)"),
    ("keeper check --config /nowhere", "/nowhere cannot be read: No such file"),
    ("keeper check x", "unexpected extra argument (x)"),
    ("dashboard x", "unexpected extra argument (x)"),
    ("dashboard --listen 8600", "'8600' is not HOST:PORT"),
    ("dashboard --listen ", "'' is not HOST:PORT"),
    ("dashboard --listen :8600", "':8600' is not HOST:PORT"),
    ("dashboard --listen 127.0.0.1:65536", "'127.0.0.1:65536' is not HOST:PORT"),
    ("dashboard --listen 127.0.0.1:8600/page", "'127.0.0.1:8600/page' is not HOST:PORT"),
    ("dashboard --listen me@127.0.0.1:8600", "'me@127.0.0.1:8600' is not HOST:PORT"),
    ("dashboard --deployment /tmp", "is a directory"),
    ("dashboard --deployment /nowhere", "/nowhere cannot be read: No such file"),
    ("dashboard --deployment /dev/null", "/dev/null is"),
    ("dashboard --execution ", "'' is not an http or https address"),
    ("dashboard --execution node:8545", "'node:8545' is not an http or https address"),
    ("dashboard --execution ws://node:8545", "'ws://node:8545' is not an http or https address"),
    ("dashboard --execution http://[::1", "'http://[::1' is not an http or https address"),
    ("dashboard --beacon http://127.0.0.1:65536", "is not an http or https address"),
    ("dashboard --beacon ftp://a:secret@b/key", "'ftp://b' is not an http or https address"),
    ("dashboard --allow-host ", "'' is not a name such as keel.example"),
    ("dashboard --allow-host http://keel.example", "is not a name such as keel.example"),
    ("dashboard --allow-host keel.example:80", "is not a name such as keel.example"),
    ("keel report", "No such command 'report'"),
    ("keel --fast chain", "No such option: --fast"),
    ("keel completion tcsh", "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
]


@pytest.mark.parametrize(("line", "reason"), WRONG, ids=[line for line, _ in WRONG])
def test_a_mistyped_argument_is_named_before_anything_is_done(line: str, reason: str) -> None:
    name, *arguments = line.split(" ")
    result = CliRunner().invoke(COMMANDS[name], arguments, terminal_width=200)
    assert result.exit_code == 2, result.output
    last = result.output.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert reason in last


@pytest.mark.parametrize("command", ["deploy", "verify", "status"])
@pytest.mark.parametrize(
    ("network", "code", "reason"),
    [
        (
            "http://127.0.0.1:9",
            1,
            "no chain answers at http://127.0.0.1:9: start one with `make chain`",
        ),
        ("atlantis", 2, "--network atlantis: No ecosystem named 'atlantis'."),
        (
            "ethereum:nowhere",
            2,
            "--network ethereum:nowhere: No network in 'ethereum' named 'nowhere'.",
        ),
    ],
)
def test_a_network_that_is_not_there_is_one_line_at_once(
    command: str, network: str, code: int, reason: str
) -> None:
    begun = time.monotonic()
    result = CliRunner(mix_stderr=False).invoke(COMMANDS[command], ["--network", network])
    assert time.monotonic() - begun < at_once_seconds()
    assert result.exit_code == code
    assert [line for line in result.stderr.splitlines() if line] == [f"Error: {reason}"]
    assert result.stdout == ""
