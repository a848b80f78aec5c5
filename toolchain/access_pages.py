"""docs/access.md and docs/parameters.md, written from the tables.

Run `python -m toolchain.access_pages` after a change of a table; a test finds what is stale.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.deploy.actors import LOCAL_HOLDERS
from keel.deploy.parameters import PARAMETERS, Parameter
from keel.deploy.profiles import (
    LOCAL,
    LOCAL_VALIDATORS,
    MAINNET,
    MAINNET_VALIDATORS,
    yield_ratio,
)
from keel.deploy.roles import MANAGER_FUNCTIONS, ROLES, Role
from keel.model.constants import BPS, DAY, ETHER, GWEI, RAY

_GENERATED = (
    "<!-- Written by `python -m toolchain.access_pages`; edit the tables in keel/deploy. -->"
)


def access_page() -> str:
    """docs/access.md."""
    rows = [
        (
            f"`{role.name}`",
            role.purpose,
            _functions(role),
            _delay(role),
            ", ".join(LOCAL_HOLDERS[role.name]),
        )
        for role in ROLES
    ]
    manager = [(f"`{functions}`", meaning) for functions, meaning in MANAGER_FUNCTIONS]
    return f"""# Who may do what
{_GENERATED}

OpenZeppelin's AccessManager holds the roles. A call with a delay is scheduled first
(`AccessManager.schedule`), then executed (`execute`); meanwhile everyone can see it, and a
`GUARDIAN` (except for ADMIN's own, so not its own replacement) or `ADMIN` can cancel it, once:
scheduled again, the same call cannot be cancelled by anyone but its caller (ROL-3). Whoever is
granted a delayed role can use it only after that role's delay (ROL-4). A deployment chooses the
holders and may choose longer delays; shorter ones are refused. The deployer gives up its own role
in the transaction that sets the rest and opens deposits. In the same transaction the AccessManager
enters the insurance fund with wkETH for 1 ETH, the seed; the fund itself holds these shares and
nobody can move them. Without a seed, fees before the first underwriter would make its shares too
coarse.

{_table(("role", "purpose", "functions", "least delay", "holder on a local chain"), rows)}

Every other external function is open to all, or to one contract of Keel that the code names.
Nothing pauses claims, requests or transfers, and no role mints tokens: only deposits, stakes (for
bonds) and the fee of a report do.

## The AccessManager itself
Its own functions need `ADMIN`, after ADMIN's delay:

{_table(("function", "what it does"), manager)}

`ape run verify` reads all of this back from the chain, and everybody who ever held a role.
"""


def parameters_page() -> str:
    """docs/parameters.md."""
    rows = [
        (
            f"`{p.name}`",
            p.meaning,
            _value(p, p.value(MAINNET)),
            _value(p, p.value(LOCAL)),
            f"{_value(p, p.least)} to {_value(p, p.most)}",
            f"`{p.changed_by.name}`, {_delay(p.changed_by)}" if p.changed_by else "nobody",
            f"`{p.contract}.{p.getter}`",
        )
        for p in PARAMETERS
    ]
    head = ("parameter", "meaning", "mainnet", "local", "bounds", "changed by", "on chain")
    ratio = f"{float(yield_ratio(LOCAL_VALIDATORS, LOCAL.epoch_seconds)):,.0f}"
    frame = (
        f"{LOCAL.frame_epochs} epochs of {LOCAL.slots_per_epoch} slots "
        f"of {LOCAL.seconds_per_slot} s"
    )
    return f"""# Parameters
{_GENERATED}

Rules (ACC, SHR, ...) are those of [design.md](design.md); who may change what, and when, of
[access.md](access.md). A configuration may override any value within its bounds.

{_table(head, rows)}

A configuration also names the committee (at least 3 members, quorum above one half, of
`COMMITTEE`), the treasury (`TERMS`), the modules (`MODULES`), and the beacon chain's genesis.

## The local profile
A small beacon chain with short epochs pays its validators far more: {LOCAL_VALIDATORS} validators
on the minimal preset earn {ratio} times what {MAINNET_VALIDATORS:,} earn on mainnet, by the base
reward of the consensus specs (gwei an epoch for each 10^9 gwei staked):
`10^9 * 64 / isqrt(total balance in gwei)`.

- A rate per day is mainnet's times that ratio, at most 100 % a day.
- A duration lasts as many local frames as it lasts frames on mainnet.
- A local frame is {frame}.
- Amounts of ether and parts of the whole are the same. No limit is switched off.
"""


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/access.md": access_page,
    "docs/parameters.md": parameters_page,
}


def _functions(role: Role) -> str:
    parts = [f"`{contract}.{function}`" for contract, names in role.functions for function in names]
    return ", ".join(parts) or "those of the AccessManager, below"


def _delay(role: Role) -> str:
    return f"{role.least_delay_frames} frames" if role.is_delayed else "none"


def _value(parameter: Parameter, value: int) -> str:
    unit = parameter.unit
    if unit == "ray a day":
        return "more than 0" if value == 1 else f"{_decimal(value * 100, RAY)} % a day"
    if unit == "bps":
        return f"{_decimal(value * 100, BPS)} %"
    if unit.startswith("wei"):
        return _ether(value) + unit.removeprefix("wei")
    if unit.startswith("gwei"):
        return f"{value:,} {unit}"
    if value % DAY == 0:
        return f"{value // DAY} d"
    return f"{value:,} s"


def _ether(value_wei: int) -> str:
    if value_wei == 1:
        return "1 wei"
    return "1 gwei" if value_wei == GWEI else f"{_decimal(value_wei, ETHER)} ETH"


def _decimal(value: int, one: int) -> str:
    """Four decimals, cut off."""
    whole, part = divmod(value * 10_000 // one, 10_000)
    return f"{whole:,}.{part:04d}".rstrip("0").rstrip(".")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@click.command()
def main() -> None:
    """Write the generated pages of docs/."""
    for name, page in PAGES.items():
        Path(REPOSITORY_ROOT / name).write_text(page())
        click.echo(f"{name} written")


if __name__ == "__main__":
    main()
