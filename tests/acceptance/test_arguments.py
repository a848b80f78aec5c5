"""What people mistype at the commands: one line that names it, exit code 2, and nothing is done."""

import pytest
from click.testing import CliRunner

from keel.commands import (
    beacon,
    chain,
    claim,
    deploy,
    operators,
    redeem,
    request,
    stake,
    status,
    verify,
    wrap,
)

COMMANDS = {
    "beacon": beacon.cli,
    "chain": chain.cli,
    "claim": claim.cli,
    "deploy": deploy.cli,
    "operators": operators.cli,
    "redeem": redeem.cli,
    "request": request.cli,
    "stake": stake.cli,
    "status": status.cli,
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
    (f"beacon fee-recipient {ZERO}", "the zero address stands where an account is expected"),
    (f"beacon fee-recipient {MISTYPED[:-1]}", "is not an address"),
    (f"beacon fee-recipient {MISTYPED[:-3]}AA3", "its capital letters (EIP-55) do not fit"),
    ("beacon deposit /nowhere", "/nowhere cannot be read: No such file"),
    ("beacon add-key /tmp --password x", "would show it in the list of processes"),
    ("stake", "Missing argument 'AMOUNT'"),
    ("stake 1e5", "'1e5' is not an amount such as 1.5"),
    (f"stake {HUGE}", "ETH is too much"),
    ("request 0", "0 is not above 0"),
    ("redeem 1 --min-out -1", "-1 is not above 0"),
    ("wrap 0.1234567890123456789", "has more than 18 decimals"),
    ("claim 0", "0 is not in the range x>=1"),
    ("status --network ", "is neither http://HOST:PORT nor a network of Ape"),
    ("status --network http://", "no host, or no port below 65,536"),
    ("status --network http://[::1", "no host, or no port below 65,536"),
    ("status --network http://127.0.0.1:999999", "no host, or no port below 65,536"),
    ("status --network ftp://127.0.0.1", "this address is neither http://HOST:PORT nor"),
    ("verify --network ethereum:local:http://127.0.0.1:8545", "is neither http://HOST:PORT nor"),
    ("verify --manifest /nowhere", "'/nowhere' does not exist"),
    ("verify --manifest /tmp", "is a directory"),
    ("deploy --config /nowhere", "'/nowhere' does not exist"),
    ("deploy --profile tiny", "'tiny' is not one of"),
    ("deploy --network http://127.0.0.1:x", "no host, or no port below 65,536"),
    ("operators add", "Missing argument 'NAME'"),
    ("operators add Harbour", "Missing option '--manager'"),
    ("operators add Harbour --manager me --target-bps 10001", "10001 is not in the range"),
    ("operators add Harbour --manager me --limit 4294967296", "4294967296 is not in the range"),
    ("operators make-keys /tmp/k --new --count 1001", "1001 is not in the range"),
    ("operators make-keys /tmp/k --new --kdf md5", "'md5' is not one of"),
    ("operators stake --most 0", "0 is not in the range"),
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
    ("network", "reason"),
    [
        (
            "http://127.0.0.1:9",
            "no chain answers at http://127.0.0.1:9: start one with `make chain`",
        ),
        ("atlantis", "No ecosystem named 'atlantis'."),
        ("ethereum:nowhere", "No network in 'ethereum' named 'nowhere'."),
    ],
)
def test_a_network_that_is_not_there_is_one_line(command: str, network: str, reason: str) -> None:
    result = CliRunner(mix_stderr=False).invoke(COMMANDS[command], ["--network", network])
    assert result.exit_code == 1
    assert [line for line in result.stderr.splitlines() if line] == [f"Error: {reason}"]
    assert result.stdout == ""
