"""What the API server warns of, read without trusting it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cluster.warning_header import read_warnings


@pytest.mark.parametrize(
    ("headers", "texts"),
    [
        ([], ()),
        (['299 - "unknown field \\"spec.x\\""'], ('unknown field "spec.x"',)),
        (['299 - "a", 299 - "b, c"'], ("a", "b, c")),
        (['299 - "a"', '299 kube "b" "Sat, 21 Nov 2026 12:00:00 GMT"'], ("a", "b")),
        (['299 - "twice"', '299 - "twice"'], ("twice",)),
        (['299 - "path C:\\\\x"'], ("path C:\\x",)),
        (["nonsense", '299 - "', '299 - ""', "299 - bare"], ()),
        (['299 - "line\nbreak"'], ("line break",)),
        (['299 - "env DB_PASSWORD=hunter2 is plain"'], ("env DB_PASSWORD=[redacted] is plain",)),
    ],
)
def test_warnings_are_read(headers, texts):
    assert read_warnings(headers) == texts


def test_many_and_long_ones_are_bounded():
    found = read_warnings([f'299 - "{number} {"x" * 1000}"' for number in range(100)])

    assert len(found) == 10
    assert all(len(each) <= 300 for each in found)


@given(st.lists(st.text(max_size=200), max_size=5))
def test_any_header_is_bounded_lines(headers):
    found = read_warnings(headers)

    assert all(each and "\n" not in each for each in found)


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=("C", "Z")), min_size=1, max_size=50))
def test_what_is_quoted_comes_back(text):
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')

    assert read_warnings([f'299 - "{quoted}"']) == (text,)
