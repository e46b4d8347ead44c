"""The `greenlane` command. Exit codes: 0 done, 1 it found problems, 2 wrong usage or settings.

One module a group of commands. The server's own imports take a second or two: each command takes only what it needs.
"""

import sys
from typing import NoReturn

import click

from bot import __version__
from bot.cli.auditing import audit
from bot.cli.listing import holds, intents
from bot.cli.output import PROBLEMS, USAGE
from bot.cli.resuming import resume
from bot.cli.running import check_config, doctor, migrate, schema, serve
from bot.cli.stopping import stop
from bot.domain.catalog import CatalogError
from bot.errors import GreenlaneError, SettingsError

__all__ = ["PROBLEMS", "USAGE", "cli", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="greenlane")
def cli() -> None:
    """Merge, green checks, and the new code runs in your team's namespace."""


for command in (serve, migrate, check_config, doctor, intents, holds, resume, stop, audit, schema):
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command; our own errors are told in words, without a trace."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except CatalogError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(PROBLEMS)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    except GreenlaneError as error:
        click.echo(str(error), err=True)
        sys.exit(PROBLEMS)
    sys.exit(0)
