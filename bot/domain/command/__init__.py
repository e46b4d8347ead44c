"""The comment grammar: `/deploy staging`, `/rollback production`, and what else a pull request can be told."""

from bot.domain.command.model import Command, Mistake, Verb, Vocabulary
from bot.domain.command.parse import format_command, parse
from bot.domain.command.registry import COMMANDS, SPECS, CommandSpec, Part

__all__ = [
    "COMMANDS",
    "SPECS",
    "Command",
    "CommandSpec",
    "Mistake",
    "Part",
    "Verb",
    "Vocabulary",
    "format_command",
    "parse",
]
