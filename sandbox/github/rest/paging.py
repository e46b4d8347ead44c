"""Cutting lists into pages, and the `Link` header that leads through them."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode


def cut(items: Sequence[Any], query: Mapping[str, str], *, most: int = 100) -> tuple[Sequence[Any], int, int]:
    """Items of the wanted page, its number, and the last page's number. Nonsense numbers mean the default."""
    size = min(max(_whole(query.get("per_page"), 30), 1), most)
    number = max(_whole(query.get("page"), 1), 1)
    last = max(1, -(-len(items) // size))
    return items[(number - 1) * size : number * size], number, last


def link_header(address: str, query: Mapping[str, str], *, number: int, last: int) -> str:
    """`prev`, `next`, `last`, `first` as far as they exist; empty for a single page."""

    def link(rel: str, page: int) -> str:
        return f'<{address}?{urlencode({**query, "page": str(page)})}>; rel="{rel}"'

    links = [link("prev", number - 1)] if number > 1 else []
    if number < last:
        links += [link("next", number + 1), link("last", last)]
    if number > 1:
        links += [link("first", 1)]
    return ", ".join(links)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default
