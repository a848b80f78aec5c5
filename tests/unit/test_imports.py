"""Imports of keel/ go one way, downwards, and every error of it derives from KeelError."""

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

import pytest

import keel

ROOT = Path(keel.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("keel.errors",),
    ("keel.files", "keel.model", "keel.serving"),
    ("keel.chain", "keel.formatting"),
    ("keel.consensus", "keel.deploy", "keel.nodes"),
    (
        "keel.consensus.api",
        "keel.consensus.crosscheck",
        "keel.consensus.gateway",
        "keel.consensus.state",
        "keel.service",
    ),
    ("keel.sight", "keel.committee", "keel.wallet"),
    ("keel.keeper", "keel.reporter", "keel.statement"),
    ("keel.circle", "keel.dashboard", "keel.monitor", "keel.terminal"),
    ("keel.measure", "keel.scenarios"),
    ("keel.market",),
    ("keel.commands", "keel.command", "keel.testing"),
    ("keel.__main__",),
)
"""Lowest first; packages of one layer do not know each other. The longest name counts."""

BUILT_IN = frozenset(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
)


def layer_of(module: str) -> tuple[int, str]:
    """The layer's number and the package that it names; raises KeyError for one without layer."""
    found = [
        (number, package)
        for number, packages in enumerate(LAYERS)
        for package in packages
        if module == package or module.startswith(package + ".")
    ]
    if not found:
        raise KeyError(f"{module} has no layer: LAYERS in {__name__} must name its package")
    return max(found, key=lambda one: len(one[1]))


def imported_by(source: str) -> Iterator[str]:
    """Modules of Keel that a source imports, wherever in it, with the names taken from them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong_imports(module: str, source: str) -> list[str]:
    """Imports that go upwards or to a neighbour of the same layer."""
    number, package = layer_of(module)
    wrong = []
    for imported in imported_by(source):
        if not imported.startswith("keel."):
            continue
        its_number, its_package = layer_of(imported)
        if its_package != package and its_number >= number:
            wrong.append(f"{module} imports {imported}, which is not below it")
    return wrong


def rootless_errors(source: str) -> list[str]:
    """Classes that derive from a built-in exception and not from KeelError."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for node in classes
    }
    return [
        name
        for name, of in bases.items()
        if of & BUILT_IN and "KeelError" not in of and name != "KeelError"
    ]


def sources() -> Iterator[tuple[str, str]]:
    """Every module of keel/ but the package itself, and its text."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name != "keel":
            yield name, path.read_text()


def test_every_import_goes_downwards() -> None:
    wrong = [line for module, source in sources() for line in wrong_imports(module, source)]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("keel.reporter.frame", "from keel.keeper.view import Head"),
        ("keel.keeper.plan", "from keel.reporter.journal import Journal"),
        ("keel.chain.rpc", "def f():\n    import keel.nodes.panel"),
        ("keel.consensus.beacon.chain", "from keel.consensus import api"),
        ("keel.sight.books", "from keel.committee.tally import Terms"),
    ],
)
def test_an_import_upwards_or_sideways_is_found(module: str, source: str) -> None:
    assert len(wrong_imports(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("keel.reporter.frame", "from keel.committee.tally import Terms\nimport numpy"),
        ("keel.keeper.plan", "from keel.keeper.view import Head"),
        ("keel.consensus.api.app", "from keel.consensus.beacon import chain"),
    ],
)
def test_an_import_downwards_or_within_a_package_is_none(module: str, source: str) -> None:
    assert wrong_imports(module, source) == []


def test_a_package_without_a_layer_is_named() -> None:
    with pytest.raises(KeyError, match=r"keel\.attic\.box has no layer"):
        layer_of("keel.attic.box")


def test_every_error_derives_from_the_one_base() -> None:
    found = {module: rootless_errors(source) for module, source in sources()}
    assert {module: names for module, names in found.items() if names} == {}


def test_an_error_with_another_base_is_found() -> None:
    source = "class A(ValueError): ...\nclass B(KeelError, ValueError): ...\nclass C(B): ..."
    assert rootless_errors(source) == ["A"]
