"""What a comment may turn out to be, and the words a repository knows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Verb(StrEnum):
    """Everything that can be asked for in a comment."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    STATUS = "status"
    WHY = "why"
    DIFF = "diff"
    LOCK = "lock"
    UNLOCK = "unlock"
    HOLD = "hold"
    RESUME = "resume"
    ABORT = "abort"
    HELP = "help"


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The apps of one repository and their environments, spelled and ordered as in the catalog."""

    apps: Mapping[str, tuple[str, ...]]

    @property
    def words(self) -> tuple[str, ...]:
        """Every environment, then every app."""
        environments = (name for names in self.apps.values() for name in names)
        return tuple(dict.fromkeys((*environments, *self.apps)))

    def app(self, word: str) -> str | None:
        """The app of that name, whatever the capitals."""
        return _named(word, self.apps)

    def environment(self, word: str, *, app: str | None = None) -> str | None:
        """The environment of that name, of one app or of any."""
        if app is not None:
            return _named(word, self.apps.get(app, ()))
        return _named(word, (name for names in self.apps.values() for name in names))


def _named(word: str, names: Iterable[str]) -> str | None:
    # Some letters of other alphabets fold to ASCII ones.
    if not word.isascii():
        return None
    return next((name for name in names if name.casefold() == word.casefold()), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command, understood. What is None was not said."""

    verb: Verb
    environment: str | None = None
    app: str | None = None
    """Together with an environment always one that has it."""
    sha: str | None = None
    """7 to 40 hexadecimal digits in lower case."""
    intent: int | None = None
    """The deploy to go back to."""
    reason: str = ""
    """Outside text on one line, without control characters."""
    duration: timedelta | None = None
    hotfix: bool = False
    line: str
    """As typed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """A comment that speaks to us and is not understood; nothing of it may be done."""

    code: str
    verb: Verb
    """Of the first command in the comment."""
    sentence: str
    """For people; outside text in it is inert."""
    usage: tuple[str, ...]
    suggestion: str = ""
    """A line that would be understood; it may hold outside text, so show it as code."""


class NotUnderstoodError(Exception):
    """Leaves the grammar where a line stops making sense."""

    def __init__(self, *, code: str, sentence: str, suggestion: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.suggestion = suggestion
