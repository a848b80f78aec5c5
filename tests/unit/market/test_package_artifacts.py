"""What packages of the market bring: found, linked, and one clear line where it is not there."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from keel.market import artifacts, compiled
from keel.market.artifacts import ArtifactFolder, PackageArtifact, package_folder
from keel.market.compiled import Source
from keel.market.errors import CompileError, MarketError, PackageMissingError

LIBRARY = "0x" + "Ab" * 20
HOLE = "0" * 40
REFERENCES = {"a.sol": {"Math": [{"start": 1, "length": 20}, {"start": 22, "length": 20}]}}
CODE = f"60{HOLE}61{HOLE}62"
HARDHAT = {"abi": [], "bytecode": "0x" + CODE, "linkReferences": REFERENCES}
SOLC = {"abi": [], "evm": {"bytecode": {"object": CODE, "linkReferences": REFERENCES}}}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where the market's packages would be."""
    monkeypatch.setattr(artifacts, "MARKET_FOLDER", tmp_path)
    monkeypatch.setattr(compiled, "MARKET_FOLDER", tmp_path)
    monkeypatch.setattr(compiled, "CACHE", tmp_path / "cache")
    return tmp_path / "node_modules"


def write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@pytest.mark.parametrize("form", [HARDHAT, SOLC], ids=["hardhat", "solc"])
def test_a_library_is_written_wherever_the_code_calls_it(form: dict[str, Any]) -> None:
    linked = PackageArtifact.parse("a.sol", "A", form).linked({"Math": LIBRARY, "Other": LIBRARY})
    assert linked.creation_code.hex() == "60" + "ab" * 20 + "61" + "ab" * 20 + "62"


def test_a_library_without_address_is_named() -> None:
    with pytest.raises(MarketError, match=r"^A calls Math, which must come first$"):
        PackageArtifact.parse("a.sol", "A", HARDHAT).linked({"Other": LIBRARY})


def test_code_without_libraries_is_as_it_comes() -> None:
    plain = {"abi": [], "bytecode": "0x6001"}
    assert PackageArtifact.parse("a.sol", "A", plain).linked().creation_code == b"\x60\x01"


def test_a_missing_package_is_one_line_with_the_command_to_run(packages: Path) -> None:
    said = r"^the market's package @x/y is not installed: run `make market-setup` in Keel's \S+$"
    with pytest.raises(PackageMissingError, match=said):
        package_folder("@x/y")
    with pytest.raises(PackageMissingError, match=said):
        ArtifactFolder("@x/y", "build").read("A.sol")
    with pytest.raises(PackageMissingError, match=said):
        Source("@x/y", "src/A.sol", "0.8.19", "paris").standard_json()


def test_an_artifact_is_found_by_its_file_or_by_its_name(packages: Path) -> None:
    write(packages / "@x/y/build/A.sol/A.json", orjson.dumps(HARDHAT).decode())
    write(packages / "@x/y/build/A.sol/B.json", orjson.dumps(HARDHAT).decode())
    write(packages / "@x/y/build/A.sol/B.dbg.json", "{}")
    folder = ArtifactFolder("@x/y", "build")
    assert [folder.read(path).name for path in ("A.sol", "A.sol:B")] == ["A", "B"]
    assert list(folder.contracts()) == ["A.sol:A", "A.sol:B"]
    with pytest.raises(PackageMissingError, match=r"^@x/y has no artifact A\.sol:C$"):
        folder.read("A.sol:C")


def test_the_compiler_gets_a_file_and_all_that_it_imports(packages: Path) -> None:
    write(packages / "@x/y/src/A.sol", 'import {\n  B\n} from "./in/B.sol";\nimport "@z/C.sol";')
    write(packages / "@x/y/src/in/B.sol", "import * as D from '../D.sol'; // import \"E.sol\";")
    write(packages / "@x/y/src/D.sol", "contract D {}")
    write(packages / "@x/y/src/unused.sol", "contract U {}")
    write(packages / "@z/C.sol", "contract C {}")
    told = orjson.loads(Source("@x/y", "src/A.sol", "0.8.19", "paris").standard_json())
    names = ["@z/C.sol", "src/A.sol", "src/D.sol", "src/in/B.sol"]
    assert sorted(told["sources"]) == names
    assert list(told["settings"]["outputSelection"]) == ["src/A.sol"]


def test_an_import_that_no_package_has_is_named(packages: Path) -> None:
    write(packages / "@x/y/src/A.sol", 'import "@z/C.sol";')
    with pytest.raises(PackageMissingError, match=r"^@x/y imports @z/C\.sol, which is in no pa"):
        Source("@x/y", "src/A.sol", "0.8.19", "paris").standard_json()


def test_what_was_never_compiled_is_not_made_up(packages: Path) -> None:
    write(packages / "@x/y/src/A.sol", "contract A {}")
    with pytest.raises(CompileError, match=r"^A of @x/y is not compiled yet$"):
        compiled.read_compiled(Source("@x/y", "src/A.sol", "0.8.19", "paris"))
