"""`make browser`: silent where Chromium is, one line where it cannot be had."""

import shutil
import subprocess
from pathlib import Path

import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from tests.dashboard.browser import BrowserMissingError, chromium_path

_SCRIPT = REPOSITORY_ROOT / "toolchain" / "browser.sh"


def run(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run the script where only these programs are found, each a line of shell."""
    for name, line in programs.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    shell = shutil.which("sh") or "/bin/sh"
    return subprocess.run(
        [shell, str(_SCRIPT)],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_chromium_that_is_there_is_enough(tmp_path: Path) -> None:
    done = run(tmp_path, chromium="exit 0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_root_installs_it_and_whoever_may_be_root(tmp_path: Path) -> None:
    noting = f'echo "$@" >> {tmp_path}/asked'
    assert run(tmp_path, apt_get=noting, id="echo 0").returncode == 0
    assert (tmp_path / "asked").read_text().splitlines()[1].startswith("install -y")
    run(tmp_path, id="echo 1000", sudo=f'echo "sudo $@" >> {tmp_path}/asked')
    assert "sudo -n apt-get update -qq" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ({}, "there is no apt-get"),
        ({"apt_get": "exit 0", "id": "echo 1000"}, "only root may install it"),
        ({"apt_get": "exit 100", "id": "echo 0"}, "the lists of packages cannot be read"),
        ({"apt_get": '[ "$1" = update ]', "id": "echo 0"}, "apt-get could not install it"),
    ],
)
def test_what_is_missing_is_one_line(tmp_path: Path, programs: dict[str, str], reason: str) -> None:
    done = run(tmp_path, **programs)
    assert done.returncode == 1
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "install the package chromium" in done.stderr


def test_a_test_without_chromium_fails_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserMissingError, match="make browser"):
        chromium_path()
