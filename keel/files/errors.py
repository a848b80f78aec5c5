"""What can be wrong with a file that a person named."""

import click

from keel.errors import KeelError


class FileError(KeelError):
    """The file cannot be used; the message is one line that names it, without its content."""


class Mistake(click.ClickException):
    """What a person wrote cannot be used: one line on the terminal and exit code 2."""

    exit_code = 2
