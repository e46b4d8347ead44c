"""Where a command may stand, held against a whole implementation of Markdown."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.domain.command.prose import prose_lines

LINE = "/deploy staging"
MARKDOWN = MarkdownIt("commonmark").enable("table")
PIECES = [
    *(LINE, LINE, LINE, LINE, "", "", "", "```", "```", "~~~", "````", "``` a", "```x`y", "   ```", "    ```", "~~~ `"),
    *("> ", "> a", "> - a", "> ```", "- > q", "  > x", "- a", "- ", "-", " - e", "-   ```", "- ```", "-     c", "+ g"),
    *("1. a", "2. b", "10. x", "1) x", "  ", "  b", "    code", "\tx", "  ```", "      d", "---", "===", "***", "# h"),
    *(
        "`",
        "``",
        "a `b",
        "`` a",
        "c` d",
        "\\`",
        "\\``",
        "a\\`b",
        "a",
        "<!-- x",
        "-->",
        "<!-- a -->",
        "<?x",
        "?>",
        "<!X",
    ),
    *("<div>", "</div>", "<b>", "<b", "<a href='", "'>", "<pre>", "</pre>", "<https://x.example>", "a<b", "</script>"),
    *("[a]: /x", "[b]:", "- [b]:", "[l](/x 'y", "')", "![a", "](u)", "[x](y)", "| a | b |", "|---|---|"),
]
BODIES = st.lists(st.tuples(st.sampled_from(["", "", "", "> ", "- ", "  "]), st.sampled_from(PIECES)), max_size=12).map(
    lambda parts: "\n".join("".join(part) for part in parts)
)
DOUBT = re.compile(r"[<\[|$]")
INDENTED = re.compile(r"^[^/\n]+/deploy", re.MULTILINE)


def _shown(body: str) -> int:
    """How many lines a reader sees begin with the command, in a paragraph or a list, not in a quote or table."""
    count = shelters = 0
    for token in MARKDOWN.parse(body):
        if token.type in {"blockquote_open", "table_open"}:
            shelters += 1
        elif token.type in {"blockquote_close", "table_close"}:
            shelters -= 1
        elif token.type == "inline" and not shelters:
            count += _beginnings(token.children or [])
    return count


def _beginnings(parts: list[Token]) -> int:
    count, fresh = 0, True
    for part in parts:
        if part.type in {"softbreak", "hardbreak"}:
            fresh = True
        elif part.type != "text":
            fresh = False
        elif part.content:
            count += fresh and part.content.startswith(LINE)
            fresh = False
    return count


@settings(max_examples=600, deadline=None)
@given(BODIES)
def test_a_command_is_always_shown_as_plain_text(body: str):
    assert sum(line == LINE for line in prose_lines(body)) <= _shown(body)


@settings(max_examples=200, deadline=None)
@given(BODIES.filter(lambda body: not DOUBT.search(body) and not INDENTED.search(body)))
def test_where_nothing_is_in_doubt_a_line_that_is_shown_is_a_command(body: str):
    assert sum(line == LINE for line in prose_lines(body)) == _shown(body)
