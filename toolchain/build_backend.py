"""Build Keel's wheel in a repository that is set up: code, compiled contracts, consensus specs.

A backend in the sense of PEP 517, around setuptools. All is put together in a folder of its own, so
nothing stays behind in the repository. Standard library and setuptools only.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

for found in find_spec("setuptools").submodule_search_locations:  # type: ignore[union-attr]
    # Ape keeps `packaging` older than setuptools needs it, which brings its own.
    sys.path.insert(0, str(Path(found) / "_vendor"))
from setuptools import build_meta  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
COPIED = ("pyproject.toml", "README.md", "LICENSE", "toolchain/runtime.in")


class BuildError(Exception):
    """Why there is no wheel; one line."""


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, Any] | None = None,
    metadata_directory: str | None = None,  # noqa: ARG001 (PEP 517 passes it; it is made anew)
) -> str:
    """Write the wheel and return its name; raises BuildError where the repository is not set up."""
    target = str(Path(wheel_directory).resolve())
    with _staged_code() as folder:
        _pack(folder)
        return str(build_meta.build_wheel(target, config_settings))


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Mapping[str, Any] | None = None
) -> str:
    """Write the wheel's metadata, for which nothing needs packing."""
    target = str(Path(metadata_directory).resolve())
    with _staged_code():
        return str(build_meta.prepare_metadata_for_build_wheel(target, config_settings))


def build_sdist(sdist_directory: str, config_settings: Mapping[str, Any] | None = None) -> str:
    """Refuse: a wheel can only be built where the compiler and the npm packages are."""
    del sdist_directory, config_settings
    raise BuildError("Keel has no source distribution: run `make wheel` in its repository")


@contextmanager
def _staged_code() -> Iterator[Path]:
    """Copy the code into a folder and work in it: setuptools takes the project from there."""
    with tempfile.TemporaryDirectory(prefix="keel-wheel-") as staging:
        folder = Path(staging)
        for name in COPIED:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        no_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "keel", folder / "keel", ignore=no_caches)
        with chdir(folder):
            yield folder


def _pack(folder: Path) -> None:
    if not PYTHON.exists():
        raise BuildError(f"{PYTHON} is missing: run `make setup` in {ROOT}")
    packing = [str(PYTHON), "-m", "toolchain.packing", str(folder)]
    done = subprocess.run(packing, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"packing failed: {''.join(done.stderr.strip().splitlines()[-1:])}")
