"""docs/settings.md, written from the settings models.

Run `python -m toolchain.settings_page` after a change of a model; a test finds what is stale.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.deploy.config import Configuration
from keel.keeper.settings import KeeperSection, KeeperSettings
from keel.monitor.settings import MonitorServiceSettings, WatchSection, WebhookSection
from keel.reporter.settings import CommitteeSettings, ReporterSettings
from keel.service.sections import (
    FeeSettings,
    KeySettings,
    ListenAddress,
    MonitorSettings,
    NetworkSettings,
    ServiceSettings,
)

PAGE = REPOSITORY_ROOT / "docs" / "settings.md"

_TABLES: dict[str, type[BaseModel]] = {
    "network": NetworkSettings,
    "key": KeySettings,
    "fees": FeeSettings,
    "monitor": MonitorSettings,
}
_SIGNS = (("gt", "more than"), ("ge", "at least"), ("lt", "less than"), ("le", "at most"))
_LENGTHS = (("min_length", "at least"), ("max_length", "at most"))
_TYPES: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    Decimal: "number",
    Path: "path",
    str: "text",
    SecretStr: "text",
    ListenAddress: "host:port",
}


def settings_page() -> str:
    """The whole of docs/settings.md."""
    tables = "\n\n".join(
        f"### [{name}]\n{_first_line(model)}\n\n{_table(model)}" for name, model in _TABLES.items()
    )
    return f"""# Settings
<!-- Written by `python -m toolchain.settings_page`; edit the models that it reads. -->

Reporters, keepers and monitors read a TOML file (`--config`). Environment variables override it. A
variable's name is the service's prefix, then table and key in capitals with `__` between them, for
example `{_prefix(ReporterSettings)}NETWORK__BEACON` or
`{_prefix(KeeperSettings)}DRY_RUN`. In variables, lists
are separated by commas, or written as JSON. Relative paths start at the file's folder.
Unknown keys are refused everywhere. Passwords are in files that nobody else can read (`chmod 600`),
or in the environment, never in the TOML file.

Sample files: [reporter](samples/reporter.toml), [keeper](samples/keeper.toml),
[monitor](samples/monitor.toml), [deployment](samples/deploy.toml).

## Reporters, keepers and monitors
{_table(ServiceSettings, leave_out=_TABLES)}

{tables}

## Reporters
Variables start with `{_prefix(ReporterSettings)}`.

### [committee]
{_first_line(CommitteeSettings)}

{_table(CommitteeSettings)}

## Keepers
Variables start with `{_prefix(KeeperSettings)}`.

### [keeper]
{_first_line(KeeperSection)}

{_table(KeeperSection)}

## Monitors
Variables start with `{_prefix(MonitorServiceSettings)}`. A monitor signs nothing, so
`[key]`, `[fees]` and `dry_run` have no effect on it.

### [watch]
{_first_line(WatchSection)}

{_table(WatchSection)}

### [webhook]
{_first_line(WebhookSection)}

{_table(WebhookSection)}

## Deployments
`ape run deploy --config FILE` reads these keys. It reads nothing from the environment. `--dry-run`
checks the file and shows the plan. Parameters and their bounds are in
[parameters.md](parameters.md), roles in [access.md](access.md).

{_table(Configuration)}
"""


def documented_keys(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Keys of a model that hold values, not tables of their own."""
    for name, field in model.model_fields.items():
        kinds = [kind for kind in _kinds(field.annotation) if isinstance(kind, type)]
        if not any(issubclass(kind, BaseModel) for kind in kinds):
            yield name, field


def _table(model: type[BaseModel], leave_out: Iterable[str] = ()) -> str:
    left_out = frozenset(leave_out)
    rows = [
        (f"`{name}`", _type(field), _default(field), _bounds(field), _meaning(field))
        for name, field in documented_keys(model)
        if name not in left_out
    ]
    head = ("key", "value", "default", "bounds", "meaning")
    return "\n".join(_row(line) for line in (head, ("---",) * len(head), *rows))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a type, None left out."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(kind for kind in get_args(annotation) if kind is not NoneType)
    return (annotation,)


def _type(field: FieldInfo) -> str:
    (kind,) = _kinds(field.annotation)
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        if isinstance(inner, type) and issubclass(inner, Enum):
            return "list of " + ", ".join(f"`{choice.value}`" for choice in inner)
        return "list of texts"
    if get_origin(kind) is not None:
        return "table"
    return _TYPES[kind]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if value in (None, PydanticUndefined, (), {}) or "by default" in _meaning(field):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _bounds(field: FieldInfo) -> str:
    parts = []
    for constraint in field.metadata:
        for name, words in _SIGNS:
            if (bound := getattr(constraint, name, None)) is not None:
                parts.append(f"{words} {bound:,}")
        for name, words in _LENGTHS:
            if (bound := getattr(constraint, name, None)) is not None:
                parts.append(f"{words} {bound} of them" if field.annotation is not str else "")
        if (places := getattr(constraint, "decimal_places", None)) is not None:
            parts.append(f"{places} decimals")
    return ", ".join(part for part in parts if part)


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]


def _prefix(model: type[ServiceSettings]) -> str:
    return model.model_config.get("env_prefix", "")


@click.command()
def main() -> None:
    """Write docs/settings.md."""
    PAGE.write_text(settings_page())
    click.echo(f"{PAGE.name} written")


if __name__ == "__main__":
    main()
