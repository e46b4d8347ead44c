"""Comments as GitHub shows them: Markdown, `<details>`, tables; never a script, a style or a picture from elsewhere."""

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    *(
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "dd",
        "del",
        "details",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ),
    *("hr", "i", "ins", "kbd", "li", "ol", "p", "pre", "s", "strong", "sub", "summary", "sup"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {"a": {"href", "title"}, "details": {"open"}, "td": {"align"}, "th": {"align"}, "ol": {"start"}}


def to_html(text: str | None) -> Markup:
    """Safe HTML. Comments of HTML, hidden markers among them, do not show, as on GitHub."""
    if not text:
        return Markup()
    rendered = _PARSER.render(text)
    safe = nh3.clean(rendered, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"})
    return Markup(safe)  # noqa: S704  # nh3 has just cleaned it


def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False, "breaks": True})
    parser.disable("linkify", ignoreInvalid=True)
    for kind in ("td_open", "th_open"):
        parser.add_render_rule(kind, _align_without_style)
    parser.add_render_rule("image", _words_of_image)
    return parser


def _align_without_style(self: RendererHTML, tokens: list[Token], at: int, options: object, env: object) -> str:
    """A table cell's alignment as an attribute: the page's policy allows no inline style."""
    style = str(tokens[at].attrs.pop("style", ""))
    if style.startswith("text-align:"):
        tokens[at].attrs["align"] = style.removeprefix("text-align:")
    return self.renderToken(tokens, at, options, env)  # type: ignore[arg-type]  # handed through as it came


def _words_of_image(self: RendererHTML, tokens: list[Token], at: int, options: object, env: object) -> str:  # noqa: ARG001
    """A picture's words: the page loads nothing from elsewhere."""
    return nh3.clean_text(tokens[at].content)


_PARSER = _parser()
