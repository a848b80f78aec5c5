"""Set up everything Keel runs on, from the lock files: Python packages, npm packages, compiler.

Run by `make setup` (setup.sh finds the Python). Each part leaves a stamp, the hash of what it was
made from, so a second run only compares hashes. Standard library only: it runs before any package.
"""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from keel.deploy.build_folder import Stamp, discard_stale_build

ROOT = Path(__file__).resolve().parent.parent
TOOLCHAIN = ROOT / "toolchain"
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
PNPM_FOLDERS = {
    TOOLCHAIN / "lodestar": "Lodestar's packages (independent check of the beacon chain)",
    ROOT / "tests" / "foreign" / "hardhat_project": "Hardhat (another project's tests)",
}
MARKET = TOOLCHAIN / "market"
"""Packages of the real markets, which only market_setup.py installs."""

SOLC_VERSION = "0.8.37"
NODE_MAJOR_LEAST = 20
FOUNDRY_TOOLS = ("anvil", "cast", "forge")
FOUNDRY_PLATFORMS = {
    ("Linux", "x86_64"): "linux-amd64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "x86_64"): "darwin-amd64",
    ("Darwin", "arm64"): "darwin-arm64",
}
"""System and machine as Python names them, to the end of the name of Foundry's npm packages."""
SOLIDITY_FOLDERS = {
    "@openzeppelin": NODE_MODULES / "@openzeppelin",
    "solady": NODE_MODULES / "solady" / "src",
    "keel": ROOT / "contracts",  # for tests/contracts, which Ape compiles in a copy by themselves
}


class SetupError(Exception):
    """A part that could not be set up; the message says in one line what to do."""


def main() -> None:
    """Bring .venv and each node_modules up to date, or say in one line what is missing."""
    try:
        node = check_prerequisites()
        set_up_npm_packages()
        for folder, what in PNPM_FOLDERS.items():
            set_up_pnpm_packages(node, folder, what)
        set_up_python_packages()
        write_launchers()
        set_up_compiler(node)
        discard_stale_build(ROOT)
    except SetupError as error:
        sys.exit(f"keel: {error}")


def check_prerequisites() -> Path:
    """Return the path of node; raise SetupError naming what to install."""
    foundry_platform()
    for tool in ("git", "make", "npm"):
        if shutil.which(tool) is None:
            raise SetupError(f"{tool} was not found; install {tool} and run make again.")
    node = shutil.which("node")
    if node is None:
        raise SetupError(f"node was not found; install Node.js {NODE_MAJOR_LEAST} or later.")
    version = output_of([node, "--version"]).lstrip("v")
    if int(version.split(".")[0]) < NODE_MAJOR_LEAST:
        raise SetupError(f"node is {version}; install Node.js {NODE_MAJOR_LEAST} or later.")
    return Path(node).resolve()


def foundry_platform() -> str:
    """Return what Foundry's npm packages for this machine end with; raise SetupError for others."""
    system, machine = platform.system(), platform.machine()
    try:
        return FOUNDRY_PLATFORMS[system, machine]
    except KeyError:
        raise SetupError(
            f"{system} on {machine} has no native Foundry: Linux or macOS on x86-64 or arm64."
        ) from None


def require_foundry() -> None:
    """Raise SetupError for a tool of this machine that npm left out, of which it says nothing."""
    for tool in FOUNDRY_TOOLS:
        package = f"@foundry-rs/{tool}-{foundry_platform()}"
        if not (NODE_MODULES / package / "bin" / tool).is_file():
            raise SetupError(f"npm did not install {package}; run make clean and make again.")


def set_up_npm_packages() -> None:
    """Install exactly package-lock.json into node_modules."""
    stamp = Stamp(NODE_MODULES / ".keel-stamp", [ROOT / "package-lock.json"])
    if stamp.is_current():
        return
    with step("installing npm packages (compiler, Anvil, forge, OpenZeppelin, Solady)"):
        quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        run(["npm", "ci", "--ignore-scripts", *quiet])
        require_foundry()
    stamp.write()


def set_up_pnpm_packages(node: Path, folder: Path, what: str) -> None:
    """Install exactly the pnpm-lock.yaml of a folder with packages of its own.

    By pnpm, since npm cannot apply the overrides of their dependencies.
    """
    lock = folder / "pnpm-lock.yaml"
    stamp = Stamp(folder / "node_modules" / ".keel-stamp", [folder / "package.json", lock])
    if stamp.is_current():
        return
    with step(f"installing {what}"):
        pnpm = [str(node), str(NODE_MODULES / "pnpm" / "bin" / "pnpm.cjs")]
        locked = ["--frozen-lockfile", "--offline=false", "--ignore-scripts", "--ignore-workspace"]
        quiet = ["--reporter=append-only", "--loglevel=warn", "--config.confirmModulesPurge=false"]
        patience = ["--fetch-retries=2", "--fetch-timeout=60000"]
        command = [*pnpm, "--dir", str(folder), "install", *locked, *quiet, *patience]
        run(command, trusting_system_certificates())
    stamp.write()


def set_up_python_packages() -> None:
    """Make .venv with this Python and install exactly the hash-locked packages."""
    bootstrap, requirements = TOOLCHAIN / "bootstrap.lock", TOOLCHAIN / "requirements.lock"
    stamp = Stamp(VENV / "keel-stamp", [bootstrap, requirements], [str(ROOT)])
    if stamp.is_current():
        return
    python = VENV / "bin" / "python"
    with step("making .venv"):
        make_venv()
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run([*pip, "install", "--require-hashes", "--no-deps", "-r", str(bootstrap)])
    with step("installing and byte-compiling Python packages (Ape, consensus specs, tests)"):
        uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(python), "--quiet"]
        locked = ["--require-hashes", "--no-deps", "--no-build-isolation", "--compile-bytecode"]
        # As behind a proxy; without a store uv uses its own list.
        trust = ["--system-certs"] if system_certificates() else []
        run([*uv, *locked, *trust, "-r", str(requirements)])
    write_path_file()
    stamp.write()


def make_venv() -> None:
    """Make .venv anew; it is never its own maker, so the base interpreter builds it."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    if VENV in Path(sys.prefix).parents or Path(sys.prefix) == VENV:
        run([str(base), "-m", "toolchain.setup"])
        sys.exit(0)
    if VENV.exists():
        shutil.rmtree(VENV)
    try:
        venv.create(VENV, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise SetupError(
            "this Python cannot make a venv with pip; install its venv module (python3.12-venv)."
        ) from error


def system_certificates() -> Path | None:
    """Return the file of what this machine trusts, where there is one."""
    stores = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
    return next((Path(store) for store in stores if Path(store).exists()), None)


def trusting_system_certificates() -> dict[str, str]:
    """Return the environment in which node, and so pnpm, trusts what this machine trusts."""
    store = system_certificates()
    trust = {"NODE_EXTRA_CA_CERTS": str(store)} if store else {}
    return {**trust, **os.environ}


def write_path_file() -> None:
    """Put the repository on the venv's path and set the tools' variables at start."""
    site_packages = next((VENV / "lib").glob("python3.*/site-packages"))
    (site_packages / "keel.pth").write_text(f"{ROOT}\nimport toolchain.environment\n")


def write_launchers() -> None:
    """Write .venv/bin/NAME for each of pyproject's scripts, as pip would if it installed Keel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, target in project.get("scripts", {}).items():
        module, _, function = target.partition(":")
        launcher = VENV / "bin" / name
        launcher.write_text(launcher_script(VENV / "bin" / "python", module, function))
        launcher.chmod(0o755)


def launcher_script(python: Path, module: str, function: str) -> str:
    """Return a script that calls a function, for the shell and for Python at once.

    A `#!` line itself takes no path with a space in it, and none of more than 127 bytes.
    """
    lines = ["#!/bin/sh", f"'''exec' {shlex.quote(str(python))} \"$0\" \"$@\"", "' '''"]
    lines += ["import sys", f"from {module} import {function}", f"sys.exit({function}())", ""]
    return "\n".join(lines)


def set_up_compiler(node: Path) -> None:
    """Write .venv/solc/solc-v<version>: a native solc of that version, else npm's by node.

    solc.cjs drives either: it finds imported libraries in .venv/solc/include and links external
    ones. The node that was found stands in .venv/bin, for programs that need it outside PATH.
    """
    native = native_solc()
    sources = [TOOLCHAIN / "solc.cjs", TOOLCHAIN / "link.cjs", Path(__file__)]
    stamp = Stamp(VENV / "solc" / "keel-stamp", sources, [str(node), str(native)])
    if stamp.is_current():
        return
    with step(f"preparing solc {SOLC_VERSION} ({'native' if native else 'WebAssembly'})"):
        include = VENV / "solc" / "include"
        link_libraries(include)
        command = [str(node), str(TOOLCHAIN / "solc.cjs")]
        command += [f"--native={native}"] if native else []
        version = output_of([*command, "--version"])
        if not is_version(version):
            raise SetupError(f"npm's solc is not {SOLC_VERSION}; run make clean and make again.")
        compiler = VENV / "solc" / f"solc-v{SOLC_VERSION}"
        compiler.write_text(compiler_script(command, version))
        compiler.chmod(0o755)
        (VENV / "bin" / "node").unlink(missing_ok=True)
        (VENV / "bin" / "node").symlink_to(node)
    stamp.write()


def compiler_script(command: Sequence[str], version: str) -> str:
    """Return the shell script that answers --version at once and compiles by `command`."""
    lines = ["#!/bin/sh", f"if [ \"$1\" = --version ]; then printf '%s\\n' '{version}'; exit; fi"]
    return "\n".join([*lines, f'exec {shlex.join(command)} "$@"', ""])


def link_libraries(include: Path) -> None:
    """Link each folder of Solidity under the name by which contracts import it."""
    if include.exists():
        shutil.rmtree(include)
    include.mkdir(parents=True)
    for name, folder in SOLIDITY_FOLDERS.items():
        (include / name).symlink_to(folder)


def native_solc() -> Path | None:
    """Return a `solc` on PATH if it has exactly Keel's version."""
    found = shutil.which("solc")
    if found is None or not is_version(output_of([found, "--version"], check=False)):
        return None
    return Path(found).resolve()


def is_version(text: str) -> bool:
    """Whether a compiler's answer to --version names exactly Keel's version."""
    return re.search(rf"Version: {re.escape(SOLC_VERSION)}\+commit", text) is not None


@contextmanager
def step(text: str) -> Iterator[None]:
    """Print what is being done and, at its end, how long it took."""
    start = time.monotonic()
    print(f"keel: {text} ...", flush=True)
    yield
    print(f"keel: done in {time.monotonic() - start:.0f} s", flush=True)


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a command in the repository, showing its output; raise SetupError if it fails."""
    if subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode != 0:
        raise SetupError(f"`{' '.join(command)}` failed; see its message above.")


def output_of(command: Sequence[str], check: bool = True) -> str:
    """Return the standard output of a command, stripped."""
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise SetupError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
