"""Set-up on each machine that has a native Foundry, and one clear line on any other."""

import json
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from toolchain import setup

LOCK = json.loads((REPOSITORY_ROOT / "package-lock.json").read_text())
NPM_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
NPM_MACHINES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@pytest.mark.parametrize(("machine", "suffix"), setup.FOUNDRY_PLATFORMS.items())
@pytest.mark.parametrize("tool", setup.FOUNDRY_TOOLS)
def test_the_native_tools_of_each_platform_are_locked(
    tool: str, machine: tuple[str, str], suffix: str
) -> None:
    locked = LOCK["packages"][f"node_modules/@foundry-rs/{tool}-{suffix}"]
    assert locked["os"] == [NPM_SYSTEMS[machine[0]]]
    assert locked["cpu"] == [NPM_MACHINES[machine[1]]]
    assert locked["integrity"].startswith("sha512-")
    versions = {
        entry["version"] for name, entry in LOCK["packages"].items() if "@foundry-rs/" in name
    }
    assert versions == {locked["version"]}


def test_the_lock_names_no_registry() -> None:
    assert not [name for name, entry in LOCK["packages"].items() if "resolved" in entry]


@pytest.mark.parametrize(
    "folder", [*setup.PNPM_FOLDERS, setup.MARKET], ids=lambda folder: folder.name
)
def test_pnpms_locks_have_a_hash_for_each_package_and_no_registry(folder: Path) -> None:
    lock = (folder / "pnpm-lock.yaml").read_text()
    packages = lock.partition("\npackages:\n")[2].partition("\nsnapshots:\n")[0]
    versions = re.findall(r"^  \S+@\d\S*:$", packages, re.MULTILINE)
    hashes = re.findall(r"^    resolution: {integrity: sha512-\S+}$", packages, re.MULTILINE)
    assert len(versions) == len(hashes) > 15
    assert "://" not in packages


def test_the_machine_decides_which_tools_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert setup.foundry_platform() == "darwin-arm64"


def test_a_machine_without_native_tools_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(setup.SetupError, match=r"^Linux on riscv64 has no native Foundry: "):
        setup.foundry_platform()


def test_tools_that_npm_left_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with pytest.raises(setup.SetupError, match=r"did not install @foundry-rs/anvil-darwin-amd64"):
        setup.require_foundry()


@pytest.mark.parametrize("folder", ["plain", "mein Ordner ü", 'it\'s "here" $HOME', "deep" * 40])
def test_a_launcher_starts_in_any_folder(tmp_path: Path, folder: str) -> None:
    home = tmp_path / folder
    home.mkdir()
    (home / "python").symlink_to(sys.executable)
    (home / "told.py").write_text("import sys\ndef tell(): print(sys.argv[1:]); return 3\n")
    launcher = home / "keel"
    launcher.write_text(setup.launcher_script(home / "python", "told", "tell"))
    launcher.chmod(0o755)
    done = subprocess.run(
        [launcher, "stake", "1 5"], cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("['stake', '1 5']\n", "", 3)


def test_a_compiler_is_found_in_any_folder(tmp_path: Path) -> None:
    tool = tmp_path / 'it\'s a "tool"'
    tool.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    tool.chmod(0o755)
    compiler = tmp_path / "solc"
    compiler.write_text(setup.compiler_script([str(tool), "--native=a b"], "0.8.37"))
    compiler.chmod(0o755)
    asked = [[str(compiler), each] for each in ("--version", "--standard-json")]
    told = [subprocess.run(each, capture_output=True, text=True, check=True) for each in asked]
    assert [each.stdout for each in told] == ["0.8.37\n", "--native=a b|--standard-json|"]
