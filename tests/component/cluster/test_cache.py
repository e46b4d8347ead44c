"""What a watch has seen last: bounded, and only as long as it can be trusted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.cluster import cache
from bot.cluster.cache import EventCache, newest_events
from bot.cluster.listwatch import Blind, Changed, Deleted, Sync
from bot.cluster.objects import EventObject, Meta
from bot.errors import RejectedError, TransientError
from tests.component.cluster.conftest import T0


def event(number, *, at=None):
    uid = f"e{number}"
    return EventObject(metadata=Meta(uid=uid), reason=uid, last_timestamp=at or T0 + timedelta(seconds=number))


def uids(events):
    return [each.metadata.uid for each in events]


def test_only_the_newest_events_are_kept(monkeypatch):
    monkeypatch.setattr(cache, "MOST_EVENTS", 3)
    events = EventCache()

    events.apply(Sync(newest_events([event(4), event(1), event(3), event(2)])))
    assert uids(events.known()) == ["e2", "e3", "e4"]
    events.apply(Changed(event(2, at=T0 + timedelta(hours=1))))
    events.apply(Changed(event(5)))

    assert uids(events.known()) == ["e4", "e2", "e5"]


def test_events_that_the_cluster_deletes_are_dropped():
    events = EventCache()
    events.apply(Sync([event(1), event(2)]))

    events.apply(Deleted(event(1)))

    assert uids(events.known()) == ["e2"]


def test_events_seen_last_stay_while_more_cannot_be_seen():
    events = EventCache()
    assert not events.asked.is_set()
    events.apply(Blind(RejectedError("cluster_forbidden", "no")))
    assert events.asked.is_set()
    assert events.known() == []

    events.apply(Sync([event(1)]))
    events.apply(Blind(TransientError("away")))

    assert uids(events.known()) == ["e1"]


def test_events_without_any_time_are_the_oldest():
    undated = EventObject(metadata=Meta(uid="undated"))

    assert uids(newest_events([event(1), undated])) == ["undated", "e1"]
    assert newest_events([undated])[0].last_at is None
    assert event(1, at=datetime(2020, 1, 1, tzinfo=UTC)).last_at is not None


changes = st.lists(st.tuples(st.sampled_from(["changed", "deleted", "sync"]), st.integers(0, 9)), max_size=60)


@given(changes)
def test_whatever_happens_the_cache_is_bounded_and_holds_the_newest(steps):
    most, events, alive = 4, EventCache(), {}
    with_limit = cache.MOST_EVENTS
    cache.MOST_EVENTS = most
    try:
        for place, (what, number) in enumerate(steps):
            item = event(number, at=T0 + timedelta(seconds=place))
            match what:
                case "changed":
                    alive.pop(number, None)
                    alive[number] = item
                    events.apply(Changed(item))
                case "deleted":
                    alive.pop(number, None)
                    events.apply(Deleted(item))
                case "sync":
                    events.apply(Sync(newest_events(list(alive.values()))))
            assert len(events.known()) <= most
            assert set(uids(events.known())) <= {f"e{each}" for each in alive}
        events.apply(Sync(newest_events(list(alive.values()))))
    finally:
        cache.MOST_EVENTS = with_limit
    assert uids(events.known()) == [f"e{each}" for each in alive][-most:]
