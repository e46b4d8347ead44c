"""A command's line while its words are read, and the sentence for a word that is nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches

from bot.domain.command.model import NotUnderstoodError, Vocabulary
from bot.domain.command.registry import CommandSpec, Part
from bot.domain.outside import as_code

_SHOWN = 60
"""Characters of a word that a sentence repeats."""
_LISTED = 12
"""Names that a sentence lists."""
_FILLERS = frozenset({"to", "on", "in", "at", "the"})
"""Words between names that say nothing more; told, not skipped."""


@dataclass(slots=True)
class Reading:
    """One line while its words are read."""

    spec: CommandSpec
    vocabulary: Vocabulary
    words: list[str]
    """Those not read yet."""
    environment: str | None = None
    app: str | None = None
    sha: str | None = None
    intent: int | None = None
    reason: str = ""
    duration: timedelta | None = None
    hotfix: bool = False
    typed: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        self.typed = tuple(self.words)

    def takes(self, part: Part) -> bool:
        return part in self.spec.takes

    def instead(self, old: str, *new: str) -> str:
        """The whole line with other words in the place of one."""
        at = self.typed.index(old)
        return " ".join((f"/{self.spec.verb}", *self.typed[:at], *new, *self.typed[at + 1 :]))


def unknown(reading: Reading, word: str, close: str) -> NotUnderstoodError:
    commit = ", nor a commit of 7 to 40 digits" if reading.takes(Part.SHA) else ""
    suggestion = reading.instead(word, close) if close else ""
    if word.casefold() in _FILLERS:
        suggestion = reading.instead(word)
    return NotUnderstoodError(
        code="unknown_word",
        sentence=(
            f"{code(word)} is neither an environment nor an app of this repository{commit}; "
            f"there are {listed(reading.vocabulary.words)}."
        ),
        suggestion=suggestion,
    )


def close_to(word: str, known: Iterable[str], *, likeness: float) -> str:
    """The known word that was probably meant, or nothing."""
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    close = get_close_matches(word[:_SHOWN].casefold(), folded, n=1, cutoff=likeness)
    return folded[close[0]] if close else ""


def is_name(reading: Reading, word: str) -> bool:
    return bool(reading.vocabulary.environment(word) or reading.vocabulary.app(word))


def is_word(word: str, part: Part) -> bool:
    return word.isascii() and word.casefold() == part


def code(word: str) -> str:
    return as_code(word, limit=_SHOWN)


def listed(names: Sequence[str]) -> str:
    shown = ", ".join(code(name) for name in names[:_LISTED])
    more = len(names) - _LISTED
    return f"{shown} and {more} more" if more > 0 else shown or "none"
