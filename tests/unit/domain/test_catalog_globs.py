"""Patterns mean what they mean in a .gitignore; the cases are of gitignore(5)."""

import pytest

from bot.domain.catalog.globs import matches


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("services/checkout/**", "services/checkout/a/b.py", True),
        ("services/checkout/**", "services/checkout2/a", False),
        ("services/checkout/**", "x/services/checkout/a", False),
        ("services/checkout", "services/checkout/a", True),
        ("*.proto", "deep/down/x.proto", True),
        ("*.proto", "x.proto.bak", False),
        ("/Makefile", "Makefile", True),
        ("/Makefile", "a/Makefile", False),
        ("docs/", "a/docs/x", True),
        ("docs/", "docs", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "ab", False),
        ("**/b", "b", True),
        ("**/b", "x/y/b", True),
        ("**", "anything/at/all", True),
        ("a/*", "a/b/c", True),
        ("a/*.py", "a/b/c.py", False),
        ("?x", "ax", True),
        ("a?b", "a/b", False),
        ("a.b", "axb", False),
        ("a+(b)", "a+(b)", True),
        ("src", "src\nx", False),
    ],
)
def test_one_pattern(pattern: str, path: str, fits: bool):
    assert matches([pattern], path) is fits


def test_the_last_pattern_that_fits_decides():
    patterns = ["src/**", "!src/docs/**", "src/docs/api.md"]

    assert matches(patterns, "src/a.py")
    assert not matches(patterns, "src/docs/x.md")
    assert matches(patterns, "src/docs/api.md")


def test_exclusions_alone_concern_nothing():
    assert not matches(["!docs/**"], "src/a.py")
