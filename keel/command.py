"""`keel`: every command of Keel for those who use it, the same ones as of `ape run`."""

from importlib import import_module

import click
from click.shell_completion import get_completion_class

from keel.formatting.commands import Commands

NAME = "keel"
COMMANDS = {
    "chain": ("keel.commands.chain", "Run a local Ethereum with Keel until Ctrl-C."),
    "beacon": ("keel.commands.beacon", "Run a beacon chain, or control the one that runs."),
    "deploy": ("keel.commands.deploy", "Deploy Keel on a network."),
    "verify": ("keel.commands.verify", "Compare a deployment with its plan."),
    "replace": ("keel.commands.replace", "Replace the oracle, the fund or the verifier of proofs."),
    "status": ("keel.commands.status", "Show the protocol, or one account, on one screen."),
    "statement": ("keel.commands.statement", "Show income, fees and losses of a period."),
    "stake": ("keel.commands.stake", "Pay ether and receive kETH or wkETH."),
    "wrap": ("keel.commands.wrap", "Convert kETH to wkETH, or back."),
    "request": ("keel.commands.request", "Exchange kETH for a withdrawal ticket."),
    "claim": ("keel.commands.claim", "Collect the ether of finalised tickets."),
    "redeem": ("keel.commands.redeem", "Exchange kETH for ether at once, for a fee."),
    "operators": ("keel.commands.operators", "Add operators, create and predeposit their keys."),
    "prove": ("keel.commands.prove", "Show the chain what became of predeposited keys."),
    "exits": ("keel.commands.exits", "Ask the beacon chain for exits and show those under way."),
    "validators": ("keel.commands.validators", "List every key and how far it came."),
    "market": ("keel.commands.market", "Deploy real markets on a local chain, and show them."),
    "reporter": ("keel.reporter.command", "Run one member of the oracle's committee."),
    "monitor": ("keel.monitor.command", "Watch Keel and say when somebody should look."),
    "keeper": ("keel.keeper.command", "Run the routine work: prove, stake, exit, finalise."),
}
"""Each command's module, whose `cli` it is, and one line; a module is imported when it is used."""


_COMPLETION_LINES = """\b
bash, in ~/.bashrc:                    eval "$(keel completion bash)"
zsh, in ~/.zshrc:                      eval "$(keel completion zsh)"
fish, in ~/.config/fish/config.fish:   keel completion fish | source
"""


class LazyCommands(Commands):
    """The commands of COMMANDS, none of them imported before it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS, then those of the group itself."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _ = COMMANDS[cmd_name]
        command: click.Command = import_module(module).cli
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 (click passes it)
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands without importing them."""
        rows = [(name, line) for name, (_, line) in COMMANDS.items()]
        rows += [(name, own.get_short_help_str(80)) for name, own in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyCommands)
def cli() -> None:
    """Run, use and operate Keel.

    `keel COMMAND --help` explains each command. In Keel's repository `ape run COMMAND` does the
    same, except for reporter, keeper and monitor, which are also `keel-reporter`, `keel-keeper`
    and `keel-monitor`.
    """


@cli.command(epilog=_COMPLETION_LINES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
def completion(shell: str) -> None:
    """Print the script that completes commands and options in SHELL: bash, zsh or fish."""
    script = get_completion_class(shell)
    if script is None:
        raise click.ClickException(f"there is no completion for {shell}")
    click.echo(script(cli, {}, NAME, f"_{NAME.upper()}_COMPLETE").source())


def main() -> None:
    """Run the command line."""
    cli(prog_name=NAME)
