"""What the kinds beside Deployments bring to the shared watches, and what events do."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.cluster.watches import Watches
from bot.errors import RejectedError
from tests.component.cluster.api import event, items, page, silence, status
from tests.component.cluster.conftest import until
from tests.component.cluster.objects import controller_revision, pod, said, stateful_set
from tests.component.cluster.team_a import (
    ALL,
    CONTROLLER_REVISIONS,
    DAEMON,
    DAEMON_SETS,
    EVENTS,
    KIND,
    PODS,
    STATEFUL,
    STATEFUL_SETS,
)

FORBIDDEN = status(403, 'User "bot" cannot list resource "x"')


def nothing():
    pass


@pytest.mark.usefixtures("namespace")
async def test_a_kind_is_asked_for_only_once_somebody_looks_at_it(watches, api):
    for path in (STATEFUL_SETS, DAEMON_SETS, CONTROLLER_REVISIONS):
        api.on("GET", path, FORBIDDEN)
    watches.subscribe("team-a", nothing)
    await until(lambda: api.open_watches == 2)
    assert {each.path for each in api.asked} == {PODS, EVENTS}

    view = await watches.view("team-a", KIND)
    assert {each.path for each in api.asked} == set(ALL)
    with pytest.raises(RejectedError) as caught:
        await watches.view("team-a", STATEFUL)

    assert caught.value.reason == "cluster_forbidden"
    assert [each.metadata.name for each in view.workloads] == ["web"]
    assert (await watches.view("team-a", KIND)).workloads == view.workloads


@pytest.mark.usefixtures("other_kinds")
async def test_stateful_sets_and_daemon_sets_share_their_revisions_watch(watches, api):
    watches.subscribe("team-a", nothing)

    stateful, daemon = await watches.view("team-a", STATEFUL), await watches.view("team-a", DAEMON)

    await until(lambda: api.open_watches == 5)
    assert [each.metadata.name for each in stateful.workloads] == ["db"]
    assert [each.metadata.name for each in daemon.workloads] == ["agent"]
    assert [each.metadata.name for each in daemon.revisions] == ["db-new"]
    assert api.count("GET", "controllerrevisions") == 1
    assert api.count("GET", "deployments") == 0


@pytest.mark.usefixtures("namespace")
async def test_events_are_in_the_view_as_they_come(watches, api):
    api.on("GET", EVENTS, items(said("uid-a", name="1")))
    api.on("WATCH", EVENTS, api.hold(event("ADDED", said("uid-a", name="2"))))
    calls = []
    watches.subscribe("team-a", lambda: calls.append(1))

    await until(lambda: api.open_watches == 2)
    await until(lambda: len(calls) > 2)

    assert [each.metadata.name for each in (await watches.view("team-a", KIND)).events] == ["1", "2"]


@pytest.mark.usefixtures("namespace")
async def test_without_the_right_on_events_all_else_is_shown_and_the_log_says_so_once(client, api, time):
    api.on("GET", EVENTS, FORBIDDEN)
    watches = Watches(client, time.pace)

    with capture_logs() as logs:
        for _ in range(2):
            asked = api.count("GET", "events")
            stop = watches.subscribe("team-a", nothing)
            await until(lambda asked=asked: api.count("GET", "events") > asked + 2)
            view = await watches.view("team-a", KIND)
            stop()

    assert (len(view.workloads), len(view.pods), view.events) == (1, 1, [])
    [entry] = [each for each in logs if each["event"].startswith("cluster_")]
    assert (entry["event"], entry["log_level"], entry["namespace"]) == ("cluster_events_unseen", "warning", "team-a")
    assert "events" in entry["problem"]
    await watches.aclose()


@pytest.mark.usefixtures("namespace")
async def test_events_that_stay_out_do_not_hold_a_look_for_long(client, api, time):
    api.on("GET", EVENTS, silence())
    watches = Watches(client, time.pace, events_patience=0)

    view = await watches.view("team-a", KIND)

    assert (len(view.pods), view.events) == (1, [])
    await watches.aclose()


@pytest.mark.usefixtures("namespace")
async def test_a_storm_of_events_is_one_call_back_a_second(client, api, time):
    second = asyncio.Semaphore(0)

    async def sleep(seconds):
        await (second.acquire() if seconds == 1.0 else time.sleep(seconds))

    api.on("WATCH", EVENTS, api.hold(*(event("ADDED", said("uid-a", name=str(each))) for each in range(500))))
    watches = Watches(client, replace(time.pace, sleep=sleep))
    calls = []
    await watches_settled(watches, api, calls)
    before = len(calls)

    second.release()
    await until(lambda: len(calls) > before)

    assert len(calls) == before + 1
    assert len((await watches.view("team-a", KIND)).events) == 500
    await watches.aclose()


async def watches_settled(watches, api, calls):
    """All watches are open, all events that they bring have come."""
    watches.subscribe("team-a", lambda: calls.append(1))
    await until(lambda: api.open_watches == 2)
    async with asyncio.timeout(5):
        while len((await watches.view("team-a", KIND)).events) < 500:
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("other_kinds")
async def test_after_a_minute_away_the_view_is_that_of_now(client, api, time):
    breaks = asyncio.Event()
    scripts = {
        STATEFUL_SETS: (stateful_set(), stateful_set(generation=5)),
        CONTROLLER_REVISIONS: (controller_revision("db-old"), controller_revision("db-new", number=2)),
        PODS: (pod("db-0", hash_="db-old"), pod("db-0", hash_="db-new", version="99")),
        EVENTS: (said("uid-db-0", name="before"), said("uid-db-0", name="after")),
    }

    def away(path, before, after):
        async def answer(request):
            if not breaks.is_set():
                return await items(before)(request)
            return await (items(after) if time.seconds >= 60 else page(503))(request)

        async def watch(request):
            return await api.hold(then=None if time.seconds >= 60 else breaks.wait())(request)

        api.on("GET", path, answer)
        api.on("WATCH", path, watch)

    for path, (before, after) in scripts.items():
        away(path, before, after)
    watches = Watches(client, time.pace)
    watches.subscribe("team-a", nothing)
    old = await watches.view("team-a", STATEFUL)
    await until(lambda: api.open_watches == 4)

    asked = len(api.asked)
    breaks.set()
    await until(lambda: api.open_watches == 4 and time.seconds >= 60)
    new = await watches.view("team-a", STATEFUL)

    assert old.workloads[0].metadata.generation == 4
    assert new.workloads[0].metadata.generation == 5
    assert [each.metadata.name for each in new.revisions] == ["db-new"]
    assert [each.metadata.labels for each in new.pods] == [{"controller-revision-hash": "db-new"}]
    assert [each.metadata.name for each in new.events] == ["after"]
    assert len(api.asked) - asked < 60
    await watches.aclose()
