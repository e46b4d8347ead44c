"""Which lines of a comment are paragraphs: the blocks of Markdown as GitHub reads them (CommonMark, chapters 4 and 5).

Only as far as a line at column 0 can tell: fences and indented code, quotes with their lazy lines, lists, HTML blocks.
Every line is looked at once, whatever the text.
"""

import re
from dataclasses import dataclass, field

_DEEPEST = 32
"""Nested quotes and lists; what lies deeper, and all that follows, is no paragraph."""
_LINE_END = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r"(`{3,})[^`]*$|(~{3,})")
_HEADING = re.compile(r"#{1,6}(?: |$)")
_BREAK = re.compile(r"(?:\*[ ]*+){3,}$|(?:-[ ]*+){3,}$|(?:_[ ]*+){3,}$")
_UNDERLINE = re.compile(r"(?:=+|-+) *$")
_ITEM = re.compile(r"(?:[-+*]|([0-9]{1,9})[.)])(?= |$)")
_SECTIONS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|"
    "fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|"
    "menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|source|summary|table|tbody|td|tfoot|th|thead|"
    "title|tr|track|ul"
)
_ATTRIBUTE = r"""\s++[a-z_:][\w.:-]*+(?:\s*+=\s*+(?:[^\s"'=<>`]++|'[^']*+'|"[^"]*+"))?+"""
_BLANK_ENDS = re.compile("")
"""Stands for the end of an HTML block that only an empty line closes."""
_HTML = (
    (
        re.compile(r"<(?:script|pre|style|textarea)(?:\s|>|$)", re.IGNORECASE | re.ASCII),
        re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE | re.ASCII),
    ),
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<![A-Z]", re.IGNORECASE | re.ASCII), re.compile(r">")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(rf"</?(?:{_SECTIONS})(?:\s|/?>|$)", re.IGNORECASE | re.ASCII), _BLANK_ENDS),
)
_LONE_TAG = re.compile(
    rf"(?:<[a-z][a-z0-9-]*+(?:{_ATTRIBUTE})*+\s*+/?>|</[a-z][a-z0-9-]*+\s*+>)\s*$", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of text lines, by their numbers from 0."""

    quoted: bool
    may_define: bool
    """It begins like the definition of a link or a footnote, which shows nothing."""
    numbers: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Quote:
    def enter(self, text: str) -> str | None:
        """What a line says inside; None when it stands outside."""
        indent, rest = _split_indent(text)
        return rest[1:].removeprefix(" ") if indent < 4 and rest.startswith(">") else None


@dataclass(slots=True)
class _Item:
    """A list's item: how far its lines are indented, and whether nothing stands in it so far."""

    width: int
    empty: bool

    def enter(self, text: str) -> str | None:
        """As in a quote. An item may begin with one empty line, its marker's own."""
        indent, rest = _split_indent(text)
        if not rest:
            return None if self.empty else ""
        if indent < self.width:
            return None
        self.empty = False
        return text[self.width :]


@dataclass(frozen=True, slots=True)
class _Fence:
    mark: str
    length: int

    def is_closed_by(self, text: str) -> bool:
        rest = text.lstrip(self.mark)
        return len(text) - len(rest) >= self.length and not rest.strip(" ")


_QUOTE = _Quote()
_Container = _Quote | _Item
_Leaf = Paragraph | _Fence | re.Pattern[str] | None
"""What the next line may go on with; a pattern is the end of an HTML block."""


def split_lines(body: str) -> list[str]:
    """By the three line ends of Markdown; `str.splitlines` knows more of them."""
    return _LINE_END.split(body)


def find_paragraphs(lines: list[str]) -> list[Paragraph]:
    """All paragraphs in their order; headings, code and HTML blocks are none."""
    scan = _Scan()
    for number, line in enumerate(lines):
        # A tab means the same as the spaces up to the next column that 4 divides.
        if not scan.take(number, line.expandtabs(4)):
            break
    return scan.paragraphs


def _split_indent(text: str) -> tuple[int, str]:
    rest = text.lstrip(" ")
    return len(text) - len(rest), rest


class _Scan:
    """The open blocks between two lines."""

    def __init__(self) -> None:
        self.paragraphs: list[Paragraph] = []
        self._containers: list[_Container] = []
        self._leaf: _Leaf = None

    def take(self, number: int, line: str) -> bool:
        """Whether the scan can go on behind this line."""
        matched, text = self._match(line)
        inside = matched == len(self._containers)
        if inside and isinstance(self._leaf, _Fence | re.Pattern):
            self._go_on(self._leaf, text)
            return True
        lazy = self._leaf if isinstance(self._leaf, Paragraph) else None
        open_containers = self._containers[:matched]
        paragraph = lazy if inside else None
        while True:
            opened = _open_container(text, interrupts=paragraph is not None)
            if opened is None:
                break
            container, text = opened
            open_containers.append(container)
            paragraph = lazy = None
            if len(open_containers) > _DEEPEST:
                return False
        indent, rest = _split_indent(text)
        if lazy is not None and indent < 4 and _is_disputed(rest, lazy, lazily=paragraph is None):
            return False
        if not rest:
            self._set(open_containers, None)
        elif indent < 4 and (found := _open_leaf(rest, interrupts=paragraph is not None)):
            self._set(open_containers, found[0])
        elif lazy is not None:
            lazy.numbers.append(number)
        elif indent >= 4:
            self._set(open_containers, None)
        else:
            new = Paragraph(_QUOTE in open_containers, rest.startswith("["), [number])
            self.paragraphs.append(new)
            self._set(open_containers, new)
        return True

    def _match(self, text: str) -> tuple[int, str]:
        """How many of the open containers this line goes on with, and what it says in the last of them."""
        for count, container in enumerate(self._containers):
            inner = container.enter(text)
            if inner is None:
                return count, text
            text = inner
        return len(self._containers), text

    def _go_on(self, leaf: _Fence | re.Pattern[str], text: str) -> None:
        indent, rest = _split_indent(text)
        if isinstance(leaf, _Fence):
            ends = indent < 4 and leaf.is_closed_by(rest)
        else:
            ends = not rest if leaf is _BLANK_ENDS else leaf.search(rest) is not None
        if ends:
            self._leaf = None

    def _set(self, containers: list[_Container], leaf: _Leaf) -> None:
        self._containers, self._leaf = containers, leaf


def _open_container(text: str, *, interrupts: bool) -> tuple[_Container, str] | None:
    """A quote or a list's item that begins here, and what stands in it."""
    indent, rest = _split_indent(text)
    if indent > 3:
        return None
    if (quoted := _QUOTE.enter(text)) is not None:
        return _QUOTE, quoted
    marker = _ITEM.match(rest)
    if marker is None or _BREAK.match(rest) or (interrupts and _UNDERLINE.match(rest)):
        return None
    gap, inner = _split_indent(rest[marker.end() :])
    if interrupts and (not inner or int(marker[1] or 1) != 1):
        return None
    padding = gap if inner and gap < 5 else 1
    return _Item(indent + marker.end() + padding, empty=not inner), rest[marker.end() + padding :]


def _is_disputed(rest: str, paragraph: Paragraph, *, lazily: bool) -> bool:
    """Whether the line may or may not end the paragraph: implementations differ, or a definition's extent decides."""
    if _LONE_TAG.match(rest):
        return lazily or paragraph.may_define
    return paragraph.may_define and not lazily and rest.startswith("=")


def _open_leaf(rest: str, *, interrupts: bool) -> tuple[_Leaf] | None:
    """What begins here and is no paragraph, in a tuple; a heading and a line across are over at once."""
    if fence := _FENCE.match(rest):
        marks = fence[1] or fence[2]
        return (_Fence(marks[0], len(marks)),)
    if _HEADING.match(rest) or _BREAK.match(rest) or (interrupts and _UNDERLINE.match(rest)):
        return (None,)
    for start, end in _HTML:
        if start.match(rest):
            over = end is not _BLANK_ENDS and end.search(rest) is not None
            return (None if over else end,)
    if not interrupts and _LONE_TAG.match(rest):
        return (_BLANK_ENDS,)
    return None
