"""Write what the services of a local chain need: keys, passwords, configurations."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from eth_account import Account
from eth_account.signers.local import LocalAccount

from keel.circle.errors import CircleError
from keel.circle.keys import account_numbered, account_of
from keel.circle.ports import HOST, choose_ports
from keel.circle.process import Service
from keel.deploy.actors import ACTORS, ORACLE_MEMBERS
from keel.files.atomic_files import write_atomically
from keel.model.commitment import OperatorTotals
from keel.model.constants import BPS
from keel.reporter.journal import Journal

_PASSWORD = "everybody knows these keys"  # noqa: S105 (they are Anvil's)
_DATA = "state"

type Changes = Mapping[str, Mapping[str, Any]]
"""What replaces keys of a service's configuration, by its name: {"reporter_1": {"log": "console"}}.

A dot leads into a table, as in "network.execution".
"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the services of a circle talk to. `poll_seconds` is how often they look for a head."""

    execution_url: str
    beacon_url: str
    manifest: Path
    poll_seconds: float = 0.5
    follows_clock: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    """Services that can be started, and the accounts of keepers that are no actors."""

    reporters: tuple[Service, ...]
    keepers: tuple[Service, ...]
    strangers: tuple[str, ...] = ()


def write_cast(
    folder: Path,
    around: Surroundings,
    *,
    reporters: int = len(ORACLE_MEMBERS),
    keepers: int = 1,
    changes: Changes | None = None,
    leaves: Sequence[OperatorTotals] = (),
) -> Cast:
    """Write a folder for each reporter and keeper, ports chosen; raises CircleError.

    `leaves` are those under the `operatorsRoot` of a report that others made before.

    The first keeper is an actor. The accounts of the others come after those of the actors and
    need ether.
    """
    if not 0 <= reporters <= len(ORACLE_MEMBERS):
        raise CircleError(f"{reporters} reporters: the committee has {len(ORACLE_MEMBERS)} members")
    ports = choose_ports(2 * reporters + keepers)
    writer = _Writer(folder, around, ports[reporters:], changes or {}, leaves)
    urls = [f"http://{HOST}:{port}" for port in ports[:reporters]]
    strangers = [account_numbered(len(ACTORS) + number) for number in range(keepers - 1)]
    accounts = [account_of("keeper"), *strangers][:keepers]
    return Cast(
        reporters=tuple(writer.write_reporter(number, urls) for number in range(1, reporters + 1)),
        keepers=tuple(
            writer.write_keeper(number, account, urls, [each.address for each in accounts])
            for number, account in enumerate(accounts, 1)
        ),
        strangers=tuple(account.address for account in strangers),
    )


def write_monitor(folder: Path, around: Surroundings) -> Service:
    """Write the folder of a monitor, which has no key; raises CircleError.

    On a local chain few people hold all, nobody has insured much, and slots are so short that some
    reports are posted with a bare quorum: it is silent about that.
    """
    monitor = f"{HOST}:{choose_ports(1)[0]}"
    configuration = _configuration(around, monitor)
    del configuration["key"], configuration["dry_run"]
    configuration["watch"] = {
        "most_holder_bps": BPS,
        "least_insurance_bps": 0,
        "least_spare_signers": 0,
    }
    return _written(folder, "monitor", "keel.monitor", configuration)


@dataclass
class _Writer:
    folder: Path
    around: Surroundings
    monitor_ports: list[int]
    changes: Changes
    leaves: Sequence[OperatorTotals]

    def write_reporter(self, number: int, urls: Sequence[str]) -> Service:
        own = urls[number - 1]
        committee = {
            "listen": own.removeprefix("http://"),
            "peers": [url for url in urls if url != own],
        }
        account = account_of(ORACLE_MEMBERS[number - 1])
        return self._write(f"reporter_{number}", account, "keel.reporter", committee, own)

    def write_keeper(
        self, number: int, account: LocalAccount, members: Sequence[str], keepers: Sequence[str]
    ) -> Service:
        others = [each for each in keepers if each != account.address]
        keeper = {"members": list(members), "others": others}
        return self._write(f"keeper_{number}", account, "keel.keeper", keeper)

    def _write(
        self,
        name: str,
        account: LocalAccount,
        package: str,
        table: dict[str, Any],
        serving_url: str | None = None,
    ) -> Service:
        monitor = f"{HOST}:{self.monitor_ports.pop()}"
        configuration = _configuration(self.around, monitor)
        configuration["committee" if serving_url else "keeper"] = table
        for key, value in self.changes.get(name, {}).items():
            _change(configuration, key, value)
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        _write_key(folder, account)
        if serving_url:
            Journal(folder / _DATA).keep_leaves(self.leaves)
        return _written(self.folder, name, package, configuration, serving_url)


def _written(
    parent: Path,
    name: str,
    package: str,
    configuration: Mapping[str, Any],
    serving_url: str | None = None,
) -> Service:
    folder = parent / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    path.write_text("\n".join(_toml(configuration)) + "\n")
    command = (sys.executable, "-m", package, "run", "--config", str(path.absolute()))
    health_url = f"http://{configuration['monitor']['listen']}/health"
    return Service(name, command, folder, health_url, serving_url)


def _configuration(around: Surroundings, monitor: str) -> dict[str, Any]:
    return {
        "dry_run": False,
        "deployment": str(around.manifest.absolute()),
        "data": _DATA,
        "log": "json",
        "follows_clock": around.follows_clock,
        "network": {
            "execution": [around.execution_url],
            "execution_agree": 1,
            "beacon": [around.beacon_url],
            "beacon_agree": 1,
            "poll_seconds": around.poll_seconds,
        },
        "key": {"keystore": "key.json", "password_file": "password"},
        "monitor": {"listen": monitor},
    }


def _change(configuration: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        configuration = configuration.setdefault(table, {})
    configuration[last] = value


def _write_key(folder: Path, account: LocalAccount) -> None:
    # One round of PBKDF2: the key is Anvil's, and five processes are to begin at once.
    store = Account.encrypt(account.key, _PASSWORD, kdf="pbkdf2", iterations=1)
    for name, content in (("key.json", orjson.dumps(store)), ("password", _PASSWORD.encode())):
        write_atomically(folder / name, content)


def _toml(table: Mapping[str, Any]) -> list[str]:
    """Lines of a table whose subtables hold plain values."""
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {_toml_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{key}]", *_toml(value)]
    return lines


def _toml_value(value: str | float | bool | Sequence[str]) -> str:
    # JSON's texts, numbers, truth values and lists of texts are TOML's too.
    return orjson.dumps(value).decode()
