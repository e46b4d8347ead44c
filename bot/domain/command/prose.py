"""Which lines of a comment are plain text that its author says: not code, not quoted, not hidden.

In doubt a line is none. What Markdown decides by rules too fine to repeat here (tags, links, formulas) hides
generously, so that a mistake costs an empty line before the command and never a deploy.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from bot.domain.command.blocks import Paragraph, find_paragraphs, split_lines

_Region = tuple[int, int]
"""First and last offset of something that hides the lines beginning between them."""

_COMMENT_START, _COMMENT_END = "<!--", "-->"
_SHELTER = re.compile(
    r"<(/?)(blockquote|code|del|details|kbd|math|pre|q|s|samp|script|strike|style|svg|table|template|textarea|title|"
    r"tt|xmp)\b",
    re.IGNORECASE,
)
"""HTML in which a paragraph is quoted, folded, struck out or shown as code."""

_RUN = re.compile(r"`+")
_ESCAPE_OR_RUN = re.compile(r"\\.|`+", re.DOTALL)
_UNSURE_TAG = re.compile(r"<(?!/?[A-Za-z][^\s<>\"'`]*>)[A-Za-z/!?]")
"""Where a tag may begin that does not visibly end on its line."""
_HIDING = (
    (_UNSURE_TAG, ">"),
    (re.compile(r"\]\((?![^\s()<>\"'`\\]*\))"), ")"),
    (re.compile(r"!\["), "]"),
    (re.compile(r"\$\$"), "$$"),
)
"""Start → end of what does not show its text as text: tags, a link's address, a picture's description, a formula."""
_TABLE_MARKS = frozenset("|:- \t")


def prose_lines(body: str) -> Iterator[str]:
    """The lines that may hold a command, as typed, in their order."""
    lines = split_lines(body)
    hidden = _beginning_in(_offsets(body, lines), _comments(body), _shelters(body))
    # GitHub ignores the byte order mark; for us the line behind it does not begin at column 0.
    seen = [lines[0].removeprefix("\ufeff"), *lines[1:]]
    for paragraph in find_paragraphs(seen):
        if paragraph.quoted:
            continue
        inner = _hidden_in_paragraph(paragraph, seen)
        for index, number in enumerate(paragraph.numbers):
            if index not in inner and number not in hidden:
                yield lines[number]


def _hidden_in_paragraph(paragraph: Paragraph, body: list[str]) -> set[int]:
    """By their index in the paragraph."""
    lines = [body[number] for number in paragraph.numbers]
    text = "\n".join(lines)
    if paragraph.may_define and "]:" in text:
        return set(range(len(lines)))
    hidden = _beginning_in(_offsets(text, lines), _code_spans(text), _between_marks(text))
    table = next((index for index, line in enumerate(lines) if _is_table_rule(line)), None)
    if table is not None:
        hidden.update(range(max(0, table - 1), len(lines)))
    return hidden


def _code_spans(text: str) -> Iterator[_Region]:
    """Exact, except beside tags: an attribute's backtick is none, so that any two equal runs may be a pair."""
    runs: dict[int, list[int]] = defaultdict(list)
    for run in _RUN.finditer(text):
        runs[len(run[0])].append(run.start())
    if _UNSURE_TAG.search(text):
        yield from _widest_spans(text, runs)
        return
    position = 0
    while found := _ESCAPE_OR_RUN.search(text, position):
        position = found.end()
        if found[0].startswith("`"):
            same = runs[len(found[0])]
            closing = bisect_left(same, position)
            if closing < len(same):
                yield found.start(), same[closing]
                position = same[closing] + len(found[0])


def _widest_spans(text: str, runs: dict[int, list[int]]) -> Iterator[_Region]:
    firsts = {length: places[0] for length, places in runs.items()}
    for length, places in runs.items():
        # Behind a backslash the first backtick of a run is a plain one.
        escaped = next((place for place in places if place and text[place - 1] == "\\"), None)
        if escaped is not None and length > 1:
            firsts[length - 1] = min(escaped, firsts.get(length - 1, escaped))
    for length, first in firsts.items():
        if length in runs:
            yield first, runs[length][-1]


def _between_marks(text: str) -> Iterator[_Region]:
    for start, end in _HIDING:
        if opening := start.search(text):
            yield opening.start(), text.rfind(end)


def _is_table_rule(line: str) -> bool:
    marks = set(line)
    return marks <= _TABLE_MARKS and "-" in marks and not marks.isdisjoint("|:")


def _comments(body: str) -> Iterator[_Region]:
    """HTML comments wherever they stand; one without an end hides the rest."""
    position = 0
    while (start := body.find(_COMMENT_START, position)) >= 0:
        end = body.find(_COMMENT_END, start + len(_COMMENT_START))
        position = end if end >= 0 else len(body)
        yield start, position


def _shelters(body: str) -> Iterator[_Region]:
    """From where an element of HTML is opened to where all of its kind are closed."""
    depth: Counter[str] = Counter()
    since = 0
    for tag in _SHELTER.finditer(body):
        name = tag[2].lower()
        if not tag[1]:
            since = since if depth.total() else tag.start()
            depth[name] += 1
        elif depth[name]:
            depth[name] -= 1
            if not depth.total():
                yield since, tag.start()
    if depth.total():
        yield since, len(body)


def _offsets(text: str, lines: list[str]) -> list[int]:
    """Where each line begins."""
    offsets, position = [], 0
    for line in lines:
        offsets.append(position)
        position += len(line)
        position += 2 if text.startswith("\r\n", position) else 1
    return offsets


def _beginning_in(offsets: list[int], *regions: Iterable[_Region]) -> set[int]:
    """The numbers of the lines that begin inside a region."""
    hidden: set[int] = set()
    for start, end in chain.from_iterable(regions):
        hidden.update(range(bisect_right(offsets, start), bisect_right(offsets, end)))
    return hidden
