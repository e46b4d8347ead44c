"""Shared watches: opened once, closed after the last look, honest while they can't see."""

import asyncio

import pytest

from bot.cluster.sightings import waiting
from bot.cluster.watches import Watches
from bot.errors import RejectedError, TransientError
from tests.component.cluster.api import event, items, page, silence, status
from tests.component.cluster.conftest import T0, until
from tests.component.cluster.objects import (
    pod,
)
from tests.component.cluster.team_a import ALL, KIND, PODS, REPLICA_SETS


def nothing():
    pass


@pytest.mark.usefixtures("namespace")
async def test_the_view_waits_for_the_first_lists(watches):
    view = await watches.view("team-a", KIND)

    assert [each.metadata.name for each in view.workloads] == ["web"]
    assert [each.metadata.name for each in view.revisions] == ["web-1"]
    assert [each.metadata.name for each in view.pods] == ["a"]


@pytest.mark.usefixtures("namespace")
async def test_many_subscribers_share_one_set_of_watches_and_the_last_one_closes_them(watches, api):
    stops = [watches.subscribe("team-a", nothing) for _ in range(5)]
    await asyncio.gather(*(watches.view("team-a", KIND) for _ in stops))
    await until(lambda: api.open_watches == 4)

    for stop in stops[:4]:
        stop()
        stop()
    await watches.view("team-a", KIND)
    assert api.open_watches == 4
    stops[4]()

    await until(lambda: api.open_watches == 0)
    assert api.count("WATCH") == 4


@pytest.mark.usefixtures("namespace")
async def test_a_look_without_subscription_leaves_nothing_open(watches, api):
    await watches.view("team-a", KIND)

    await until(lambda: api.open_watches == 0)


@pytest.mark.usefixtures("namespace")
async def test_every_change_calls_back_and_is_in_the_view(watches, api):
    push = asyncio.Event()

    async def later(request):
        await push.wait()
        return await api.hold(event("ADDED", pod("b")), event("DELETED", pod("a")))(request)

    api.on("WATCH", PODS, later)
    calls = []
    watches.subscribe("team-a", lambda: calls.append(1))
    await watches.view("team-a", KIND)
    before = len(calls)
    push.set()

    await until(lambda: len(calls) >= before + 2)
    assert [each.metadata.name for each in (await watches.view("team-a", KIND)).pods] == ["b"]


@pytest.mark.usefixtures("namespace")
async def test_a_call_back_that_fails_does_not_end_the_watch(watches):
    calls = []

    def broken():
        calls.append(1)
        if len(calls) == 1:
            raise LookupError

    watches.subscribe("team-a", broken)

    await until(lambda: len(calls) >= 2)
    assert (await watches.view("team-a", KIND)).workloads
    await until(lambda: len(calls) > 3)


async def test_a_silent_cluster_is_transient(client, api, time):
    for path in ALL:
        api.on("GET", path, silence())
    watches = Watches(client, time.pace, patience=0.05)

    with pytest.raises(TransientError, match="has not listed"):
        await watches.view("team-a", KIND)

    await watches.aclose()


async def test_while_one_kind_is_blind_nothing_is_shown(client, api, time, namespace):
    api.on("GET", REPLICA_SETS, page(502))
    watches = Watches(client, time.pace, patience=0.2)

    with pytest.raises(TransientError, match="502"):
        await watches.view("team-a", KIND)

    await watches.aclose()


async def test_a_view_is_never_shown_from_before_a_broken_watch(client, api, time, namespace):
    breaks = asyncio.Event()
    api.on("GET", PODS, items(pod("a")), page(502))
    api.on("WATCH", PODS, api.hold(then=breaks.wait()))
    watches = Watches(client, time.pace, patience=0.2)
    watches.subscribe("team-a", nothing)
    assert (await watches.view("team-a", KIND)).pods

    breaks.set()
    await until(lambda: api.count("GET", "pods") > 1)

    with pytest.raises(TransientError):
        await watches.view("team-a", KIND)
    await watches.aclose()


async def test_a_refusal_is_told_at_once(client, api, time, namespace):
    api.on("GET", PODS, status(403, 'User "bot" cannot list resource "pods"'))
    watches = Watches(client, time.pace, patience=60)

    async with asyncio.timeout(5):
        with pytest.raises(RejectedError) as caught:
            await watches.view("team-a", KIND)

    assert caught.value.reason == "cluster_forbidden"
    assert "pods" in caught.value.hint
    await watches.aclose()


async def test_the_watch_notes_what_waits_and_since_when(watches, api, time, namespace):
    moved = asyncio.Event()

    async def later(request):
        await moved.wait()
        return await api.hold(event("MODIFIED", pod("a", waiting="ImagePullBackOff")))(request)

    api.on("GET", PODS, items(pod("a", waiting="ErrImagePull")))
    api.on("WATCH", PODS, later)
    calls = []
    watches.subscribe("team-a", lambda: calls.append(1))
    await watches.view("team-a", KIND)
    before = len(calls)
    time.seconds += 12
    moved.set()
    await until(lambda: len(calls) > before)

    view = await watches.view("team-a", KIND)
    assert view.pods[0].status.container_statuses[0].state.waiting.reason == "ImagePullBackOff"
    assert view.sightings.since("uid-a", waiting("web")) == T0
