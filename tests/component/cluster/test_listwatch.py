"""The list-watch: what it yields, when it lists again, and that it never runs hot."""

import asyncio
from contextlib import aclosing

import pytest

from bot.cluster import listwatch as listwatch_module
from bot.cluster.listwatch import Blind, Changed, Deleted, ListWatch, Sync
from bot.cluster.objects import PodObject
from bot.cluster.request import PODS
from bot.errors import RejectedError, TransientError
from tests.component.cluster.api import bookmark, event, give, items, page, status, stream
from tests.component.cluster.conftest import until
from tests.component.cluster.objects import pod

PATH = "/api/v1/namespaces/team-a/pods"


@pytest.fixture
def listwatch(client, time):
    return ListWatch(client, PODS, "team-a", PodObject, time.pace)


async def take(listwatch, count):
    found = []
    async with aclosing(listwatch.follow()) as steps, asyncio.timeout(5):
        async for step in steps:
            found.append(step)
            if len(found) == count:
                return found
    raise AssertionError


def names(step):
    match step:
        case Sync(objects):
            return ("sync", [each.metadata.name for each in objects])
        case Changed(item):
            return ("changed", item.metadata.name)
        case Deleted(item):
            return ("deleted", item.metadata.name)
        case Blind(problem):
            return ("blind", type(problem).__name__)


async def test_it_lists_then_follows_changes(listwatch, api):
    api.on("GET", PATH, items(pod("a"), version="10"))
    changes = [event("ADDED", pod("b")), bookmark("12"), event("MODIFIED", pod("a")), event("DELETED", pod("b"))]
    api.on("WATCH", PATH, api.hold(*changes))

    found = [names(step) for step in await take(listwatch, 4)]

    assert found == [("sync", ["a"]), ("changed", "b"), ("changed", "a"), ("deleted", "b")]


async def test_a_watch_asks_for_bookmarks_and_a_bounded_time(listwatch, api):
    api.on("GET", PATH, items(version="10"))
    api.on("WATCH", PATH, api.hold(event("ADDED", pod("a"))))

    await take(listwatch, 2)

    asked = next(each for each in api.asked if each.method == "WATCH").query
    assert asked["allowWatchBookmarks"] == "true"
    assert asked["resourceVersion"] == "10"
    assert 240 <= int(asked["timeoutSeconds"]) <= 300


async def test_leaving_hangs_up(listwatch, api):
    api.on("GET", PATH, items())
    api.on("WATCH", PATH, api.hold(event("ADDED", pod("a"))))

    await take(listwatch, 2)

    await until(lambda: api.open_watches == 0)


async def test_a_watch_that_ended_in_order_goes_on_from_the_bookmark(listwatch, api, time):
    async def lived():
        time.seconds += 250

    api.on("GET", PATH, items(version="10"))
    api.on("WATCH", PATH, api.hold(bookmark("42"), then=lived()), api.hold(event("ADDED", pod("a"))))

    found = [names(step) for step in await take(listwatch, 2)]

    assert found == [("sync", []), ("changed", "a")]
    assert [each.query["resourceVersion"] for each in api.asked if each.method == "WATCH"] == ["10", "42"]
    assert api.count("GET") == 1
    assert time.slept == []


async def test_a_server_that_closes_at_once_is_asked_less_and_less(listwatch, api, time):
    api.on("GET", PATH, items())
    api.on("WATCH", PATH, stream())

    await take(listwatch, 2 * 10)

    assert time.slept == [0.375, 0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5, 22.5]
    assert api.count("GET") == 10


@pytest.mark.parametrize(
    "gone",
    [status(410, "too old"), stream(event("ERROR", {"kind": "Status", "code": 410, "message": "too old"}))],
    ids=["as status", "as event"],
)
async def test_gone_lists_again_and_never_the_stale_version(listwatch, api, gone):
    api.on("GET", PATH, items(version="10"), items(pod("a"), version="20"))
    api.on("WATCH", PATH, gone, api.hold(event("ADDED", pod("b"))))

    found = [names(step) for step in await take(listwatch, 4)]

    assert found == [("sync", []), ("blind", "GoneError"), ("sync", ["a"]), ("changed", "b")]
    assert [each.query["resourceVersion"] for each in api.asked if each.method == "WATCH"] == ["10", "20"]


@pytest.mark.parametrize(
    "trouble",
    [
        page(502),
        page(200),
        status(500, "oops"),
        status(429, "slow"),
        stream(event("ERROR", {"code": 500})),
        stream(event("ADDED", {"metadata": {"uid": 7}})),
        give({"neither": "event"}),
    ],
    ids=["html 502", "html 200", "500", "429", "error event", "wrong type", "no event"],
)
async def test_any_trouble_is_blindness_then_a_new_list(listwatch, api, trouble):
    api.on("GET", PATH, items())
    api.on("WATCH", PATH, trouble, api.hold(event("ADDED", pod("a"))))

    found = [names(step) for step in await take(listwatch, 4)]

    assert found[0::2] == [("sync", []), ("sync", [])]
    assert found[1] == ("blind", "TransientError")
    assert found[3] == ("changed", "a")


async def test_a_list_that_fails_is_asked_again(listwatch, api, time):
    api.on("GET", PATH, page(503), status(500, "no"), items(pod("a")))
    api.on("WATCH", PATH, api.hold())

    found = [names(step) for step in await take(listwatch, 3)]

    assert found == [("blind", "TransientError"), ("blind", "TransientError"), ("sync", ["a"])]
    assert time.slept == [0.375, 0.75]


async def test_the_server_may_ask_for_more_patience(listwatch, api, time):
    api.on("GET", PATH, status(429, "slow", Retry_After="9"), items())
    api.on("WATCH", PATH, api.hold())

    await take(listwatch, 2)

    assert time.slept == [9.0]


async def test_a_good_watch_forgets_earlier_trouble(listwatch, api, time):
    async def lived():
        time.seconds += 100

    api.on("GET", PATH, page(503), page(503), page(503), items())
    api.on("WATCH", PATH, api.hold(then=lived()), status(500, "oops"), api.hold())

    await take(listwatch, 6)

    assert time.slept == [0.375, 0.75, 1.5, 0.375]


async def test_a_silent_watch_is_given_up(listwatch, api, monkeypatch):
    monkeypatch.setattr(listwatch_module, "_SILENCE", 0.05)
    api.on("GET", PATH, items())
    api.on("WATCH", PATH, api.hold())

    found = await take(listwatch, 3)

    assert [names(step)[0] for step in found] == ["sync", "blind", "sync"]
    assert isinstance(found[1].problem, TransientError)


async def test_a_missing_right_is_told_and_asked_for_slowly(listwatch, api, time):
    api.on("GET", PATH, status(403, 'cannot list resource "pods"'), items(pod("a")))
    api.on("WATCH", PATH, api.hold())

    blind, sync = await take(listwatch, 2)

    assert isinstance(blind.problem, RejectedError)
    assert blind.problem.reason == "cluster_forbidden"
    assert time.slept == [22.5]
    assert names(sync) == ("sync", ["a"])
