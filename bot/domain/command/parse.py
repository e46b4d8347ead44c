"""The comment grammar: a body to one command, one mistake, or nothing that concerns us.

Pure and closed: what is not in the registry or the repository's vocabulary is never guessed at. A command is a line
that begins with `/` and a verb at column 0, in plain text; in doubt a line is none, and other bots' verbs are silence.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from bot.domain.catalog.durations import format_duration
from bot.domain.command.clauses import read_for, read_hotfix, read_reason, read_to, refuse_flags
from bot.domain.command.model import Command, Mistake, NotUnderstoodError, Verb, Vocabulary
from bot.domain.command.names import check_pair, read_names
from bot.domain.command.prose import prose_lines
from bot.domain.command.reading import Reading, code
from bot.domain.command.registry import SPECS, Part

MAX_LINE = 500
"""Characters of a command's line."""

_VERB = re.compile(rf"/({'|'.join(Verb)})", re.IGNORECASE | re.ASCII)
_ANYWHERE = re.compile(rf"(?:\A|[\r\n]){_VERB.pattern}", _VERB.flags)
_STRANGE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"})
"""Unicode categories of what can't be seen, or turns what is seen around."""


def parse(body: str, vocabulary: Vocabulary) -> Command | Mistake | None:
    """What a comment asks for; never raises. Takes time in proportion to the body's length."""
    lines = {" ".join(line.split()).casefold(): line for line in _command_lines(body)}
    verbs = list(dict.fromkeys(verb for line in lines.values() if (verb := _verb_of(line))))
    if not verbs:
        return None
    if len(lines) > 1:
        return _several(len(lines), verbs)
    line = next(iter(lines.values()))
    found = _read_line(verbs[0], line, vocabulary)
    if isinstance(found, Mistake) and found.suggestion:
        # What we tell people to paste has to work.
        works = isinstance(_read_line(verbs[0], found.suggestion, vocabulary), Command)
        return found if works else replace(found, suggestion="")
    return found


def format_command(command: Command) -> str:
    """The shortest line that asks for the same."""
    words = [f"/{command.verb}", command.environment, command.app]
    if command.verb is Verb.ROLLBACK and command.sha:
        words += ["to", command.sha]
    else:
        words.append(command.sha)
    if command.intent is not None:
        words += ["to", f"#{command.intent}"]
    if command.duration is not None:
        words += ["for", format_duration(command.duration)]
    if command.hotfix:
        words.append("--hotfix")
    return " ".join(word for word in (*words, command.reason) if word)


def _command_lines(body: str) -> Iterator[str]:
    if _ANYWHERE.search(body):
        yield from (line.rstrip(" \t") for line in prose_lines(body) if _verb_of(line))


def _verb_of(line: str) -> Verb | None:
    """The verb that the line begins with. What can't be seen ends it too, and is told later."""
    match = _VERB.match(line)
    if match is None:
        return None
    behind = line[match.end() : match.end() + 1]
    ends = not behind or behind.isspace() or unicodedata.category(behind) in _STRANGE
    return Verb(match[1].lower()) if ends else None


def _several(count: int, verbs: list[Verb]) -> Mistake:
    return Mistake(
        code="several_commands",
        verb=verbs[0],
        sentence=f"One comment takes one command; this one has {count}, and none was run.",
        usage=tuple(SPECS[verb].usage for verb in verbs),
    )


def _read_line(verb: Verb, line: str, vocabulary: Vocabulary) -> Command | Mistake:
    spec = SPECS[verb]
    try:
        _check_line(line)
        reading = Reading(spec=spec, vocabulary=vocabulary, words=line.split()[1:])
        _read_words(reading)
    except NotUnderstoodError as error:
        return Mistake(
            code=error.code, verb=verb, sentence=error.sentence, usage=(spec.usage,), suggestion=error.suggestion
        )
    return Command(
        verb=verb,
        environment=reading.environment,
        app=reading.app,
        sha=reading.sha,
        intent=reading.intent,
        reason=reading.reason,
        duration=reading.duration,
        hotfix=reading.hotfix,
        line=line,
    )


def _read_words(reading: Reading) -> None:
    """Fill in what the words say; raises `NotUnderstoodError` at the first that says nothing."""
    if reading.typed and not reading.spec.takes:
        raise NotUnderstoodError(
            code="unexpected_word",
            sentence=f"`/{reading.spec.verb}` stands alone; {code(reading.typed[0])} is too much.",
            suggestion=f"/{reading.spec.verb}",
        )
    if reading.takes(Part.HOTFIX):
        read_hotfix(reading)
    refuse_flags(reading)
    if reading.takes(Part.TO):
        read_to(reading)
    if reading.takes(Part.FOR):
        read_for(reading)
    if reading.takes(Part.REASON):
        read_reason(reading)
    read_names(reading)
    check_pair(reading)


def _check_line(line: str) -> None:
    if len(line) > MAX_LINE:
        raise NotUnderstoodError(
            code="line_too_long", sentence=f"A command takes one line of at most {MAX_LINE} characters."
        )
    for character in line:
        if character not in " \t" and unicodedata.category(character) in _STRANGE:
            raise NotUnderstoodError(
                code="strange_characters",
                sentence=f"The line has a character that can't be seen, `U+{ord(character):04X}`; type it anew.",
            )
