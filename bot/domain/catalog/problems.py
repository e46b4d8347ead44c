"""What is wrong in a catalog, and exactly where: apart, because every step of loading adds to one list."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import GreenlaneError

_LONGEST = 400


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One fault. Line and column count from 1, the column in characters; sorted by place."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {_one_line(self.message)}"


class CatalogError(GreenlaneError):
    """The catalog can't be used. `problems` has every fault, sorted; `str()` has one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _one_line(text: str) -> str:
    """Values of the file are quoted in messages: a line end or an escape sequence in one must not reach a terminal."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in shown)
