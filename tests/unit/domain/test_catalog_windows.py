"""Windows: open or closed at a moment, until when, and why, also where clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.catalog import Closed, Open, Span, Windows
from bot.domain.catalog.windows import SEARCH

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu"]
WORK = Span(cron="0 9 * * 1-5", lasts=timedelta(hours=8))
CHRISTMAS = Span(cron="0 0 24 12 *", lasts=timedelta(hours=72), reason="Christmas")


def windows(*, allow: tuple[Span, ...] = (), deny: tuple[Span, ...] = (), timezone: str = "Europe/Berlin") -> Windows:
    return Windows(timezone=timezone, allow=allow, deny=deny)


def berlin(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-11-23T08:59:59", Closed(berlin("2026-11-23T09:00"), "")),
        ("2026-11-23T09:00", Open(berlin("2026-11-23T17:00"))),
        ("2026-11-23T16:59:59.999999", Open(berlin("2026-11-23T17:00"))),
        ("2026-11-23T17:00", Closed(berlin("2026-11-24T09:00"), "")),
        ("2026-11-27T18:00", Closed(berlin("2026-11-30T09:00"), "")),
        ("2026-12-23T16:00", Open(berlin("2026-12-23T17:00"))),
        ("2026-12-24T10:00", Closed(berlin("2026-12-28T09:00"), "Christmas")),
        ("2026-12-27T00:00", Closed(berlin("2026-12-28T09:00"), "")),
    ],
)
def test_working_hours_without_christmas(moment: str, opening: Open | Closed):
    assert windows(allow=(WORK,), deny=(CHRISTMAS,)).at(berlin(moment)) == opening


def test_without_allow_all_is_open_but_what_is_denied():
    freeze = windows(deny=(CHRISTMAS,))

    assert freeze.at(berlin("2026-11-23T03:00")) == Open(berlin("2026-12-24T00:00"))
    assert freeze.at(berlin("2026-12-26T23:59")) == Closed(berlin("2026-12-27T00:00"), "Christmas")


def test_spans_that_touch_are_one():
    halves = (Span(cron="0 9 * * *", lasts=timedelta(hours=4)), Span(cron="0 13 * * *", lasts=timedelta(hours=4)))

    assert windows(allow=halves).at(berlin("2026-11-23T10:00")) == Open(berlin("2026-11-23T17:00"))


@pytest.mark.parametrize("moment", ["2026-03-28T23:00", "2026-10-24T23:00", "2026-11-21T23:00"])
def test_a_night_ends_by_the_clock_on_the_wall(moment: str):
    night = windows(allow=(Span(cron="0 22 * * 6", lasts=timedelta(hours=8)),))

    opening = night.at(berlin(moment))

    assert isinstance(opening, Open)
    assert opening.until
    assert opening.until.astimezone(BERLIN).strftime("%a %H:%M") == "Sun 06:00"


def test_what_begins_in_the_hour_that_is_skipped_begins_when_it_is_over():
    early = windows(allow=(Span(cron="30 2 * * *", lasts=timedelta(hours=1)),))

    assert early.at(berlin("2026-03-29T01:59")) == Closed(berlin("2026-03-29T03:00"), "")
    assert early.at(berlin("2026-03-29T03:00")) == Open(berlin("2026-03-29T03:30"))


def test_what_begins_in_the_hour_that_comes_twice_begins_once():
    early = windows(allow=(Span(cron="15 2 * * *", lasts=timedelta(minutes=30)),))

    assert early.at(berlin("2026-10-25T02:20")) == Open(berlin("2026-10-25T02:45"))
    assert early.at(berlin("2026-10-25T02:20", fold=1)) == Closed(berlin("2026-10-26T02:15"), "")


def test_what_began_in_the_first_of_two_equal_hours_goes_on_in_the_second():
    early = windows(allow=(Span(cron="30 2 * * *", lasts=timedelta(hours=2)),))

    assert early.at(berlin("2026-10-25T02:20", fold=1)) == Open(berlin("2026-10-25T04:30"))


def test_what_lies_in_the_hour_that_is_skipped_closes_nothing():
    pause = windows(deny=(Span(cron="15 2 * * *", lasts=timedelta(minutes=30), reason="backup"),))

    assert pause.at(berlin("2026-03-29T01:00")) == Open(berlin("2026-03-30T02:15"))


def test_hours_without_a_gap_have_none_when_clocks_change():
    hourly = windows(deny=(Span(cron="0 * * * *", lasts=timedelta(hours=1), reason="always"),))
    begin = berlin("2026-10-25T00:00")

    assert all(isinstance(hourly.at(begin + timedelta(minutes=n)), Closed) for n in range(0, 300, 10))


@pytest.mark.parametrize(
    ("allow", "deny"),
    [
        ((), (Span(cron="0 0 * * *", lasts=timedelta(days=2), reason="for ever"),)),
        ((Span(cron="0 9 * * *", lasts=timedelta(hours=1)),), (Span(cron="0 9 * * *", lasts=timedelta(hours=1)),)),
        ((Span(cron="0 0 29 2 *", lasts=timedelta(hours=1)),), ()),
    ],
)
def test_the_search_for_an_opening_has_an_end(allow: tuple[Span, ...], deny: tuple[Span, ...]):
    opening = windows(allow=allow, deny=deny).at(berlin("2026-11-23T12:00"))

    assert isinstance(opening, Closed)
    assert opening.opens_at is None


crons = st.builds(
    "{} {} {} * {}".format,
    st.integers(0, 59),
    st.integers(0, 23) | st.just("*") | st.just("1-3"),
    st.just("*") | st.integers(1, 28),
    st.sampled_from(["*", "1-5", "0", "6,0"]),
)
spans = st.builds(
    Span, cron=crons, lasts=st.integers(1, 60 * 72).map(lambda n: timedelta(minutes=n)), reason=st.just("x")
)
groups = st.lists(spans, max_size=2).map(tuple)
any_windows = st.builds(Windows, timezone=st.sampled_from(ZONES), allow=groups, deny=groups)
in_2026 = st.integers(0, 365 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))
near_a_change = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 10, 25, 1, tzinfo=UTC),
            datetime(2026, 4, 4, 15, tzinfo=UTC),
            datetime(2026, 4, 23, 22, tzinfo=UTC),
            datetime(2026, 10, 29, 21, tzinfo=UTC),
        ]
    ),
    st.integers(-240, 240),
)
moments = in_2026 | near_a_change


def change(opening: Open | Closed) -> datetime | None:
    return opening.until if isinstance(opening, Open) else opening.opens_at


@settings(max_examples=60, deadline=None)
@given(any_windows, moments, st.floats(0, 1))
def test_the_state_changes_at_the_moment_that_was_told_and_not_before(each: Windows, moment: datetime, part: float):
    opening = each.at(moment)
    at = change(opening)
    if at:
        assert moment < at <= moment + SEARCH
        assert type(each.at(at)) is not type(opening)
        for before in (moment + (at - moment) * part, at - timedelta(microseconds=1)):
            assert type(each.at(before)) is type(opening) or before >= at
            assert change(each.at(before)) == at or before >= at


@settings(max_examples=40, deadline=None)
@given(any_windows, spans, moments)
@example(
    windows(allow=(WORK,)), Span(cron="0 9 * * *", lasts=timedelta(hours=1), reason="x"), berlin("2026-11-23T09:30")
)
def test_what_is_denied_is_closed_whatever_is_allowed(each: Windows, denied: Span, moment: datetime):
    alone = windows(deny=(denied,), timezone=each.timezone).at(moment)
    both = windows(allow=each.allow, deny=(*each.deny, denied), timezone=each.timezone).at(moment)

    if isinstance(alone, Closed):
        assert isinstance(both, Closed)
        assert both.reason == "x"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 59), st.integers(0, 23), st.integers(1, 1440), moments, st.sampled_from(ZONES))
def test_away_from_changed_clocks_a_daily_span_is_arithmetic(
    minute: int, hour: int, lasts: int, moment: datetime, timezone: str
):
    # Given a day and the day before it with 24 hours each
    zone = ZoneInfo(timezone)
    local = moment.astimezone(zone)
    if len({(moment + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in range(-49, 49)}) > 1:
        return

    # When
    opening = windows(
        allow=(Span(cron=f"{minute} {hour} * * *", lasts=timedelta(minutes=lasts)),), timezone=timezone
    ).at(moment)

    # Then
    since = (local.hour * 60 + local.minute - hour * 60 - minute) % 1440
    assert isinstance(opening, Open) == (since < lasts)
