from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalog import format_duration, parse_duration
from bot.domain.catalog.durations import LONGEST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1d2h3m4s", 93_784),
        ("0h5m", 300),
        ("30d", 2_592_000),
    ],
)
def test_what_people_write(text: str, seconds: int):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "m",
        "5 m",
        " 5m",
        "5m\n",
        "1.5h",
        "-5m",
        "5M",
        "30m1h",
        "5m5m",
        "PT5M",
        "٥m",
        "0s",
        "31d",
        "9999999999s",
    ],
)
def test_what_is_refused_names_the_text(text: str):
    with pytest.raises(ValueError, match="is") as caught:
        parse_duration(text)

    assert f"`{text}`" in str(caught.value)


@given(st.integers(min_value=1, max_value=int(LONGEST.total_seconds())))
def test_what_is_formatted_can_be_parsed(seconds: int):
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration


def test_nothing_is_zero_seconds():
    assert format_duration(timedelta(milliseconds=5)) == "0s"


def test_zero_and_another_limit_where_they_make_sense():
    hour = timedelta(hours=1)

    assert parse_duration("0s", longest=hour, allow_zero=True) == timedelta(0)
    assert parse_duration("1h", longest=hour) == hour
    with pytest.raises(ValueError, match="`1h1s` is longer than 1h"):
        parse_duration("1h1s", longest=hour)
