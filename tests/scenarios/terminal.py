"""Give `ape run` commands in the test's own process."""

from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner, Result


@dataclass(frozen=True)
class Terminal:
    """Where the commands connect to."""

    url: str
    manifest: Path

    def run(self, command: click.Command, *arguments: str) -> Result:
        """Run a command as `ape run` would; an exception that is no exit is raised."""
        places = ["--network", self.url, "--manifest", str(self.manifest)]
        return CliRunner().invoke(command, [*arguments, *places], catch_exceptions=False)

    def succeed(self, command: click.Command, *arguments: str) -> str:
        """Expect exit code 0 and return the output with its lines joined."""
        result = self.run(command, *arguments)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    def refuse(self, command: click.Command, *arguments: str, code: int = 1) -> str:
        """Expect an exit code and no traceback; return the error's line."""
        result = self.run(command, *arguments)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output.strip().splitlines()[-1]
