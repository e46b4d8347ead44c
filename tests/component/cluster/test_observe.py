"""A namespace's objects as the API server sends them → facts about one rollout."""

from datetime import UTC, datetime

import msgspec
import pytest

from bot.cluster.objects import EventObject, PodObject
from bot.cluster.observe import to_event, to_observation, to_pod
from bot.cluster.workload_objects import ControllerRevisionObject, DaemonSetObject, StatefulSetObject
from bot.domain.workload import Event, Terminated, WorkloadKind
from tests.component.cluster.objects import (
    DIGEST,
    IMAGE,
    controller_revision,
    daemon_set,
    pod,
    said,
    stateful_set,
)

FACTS = ("there", "exit web", "condition Ready")


def parse(raw, type_):
    return msgspec.json.decode(msgspec.json.encode(raw), type=type_)


def parsed(kind=WorkloadKind.DEPLOYMENT, **changes):
    return to_pod(parse(pod(**changes), PodObject), kind, lambda *_: datetime(2026, 11, 21, tzinfo=UTC))


def test_a_pod_is_read_with_its_containers():
    found = parsed()

    assert (found.owner_uid, found.node, found.ready, found.terminating) == ("uid-web-1", "node-1", True, False)
    assert found.ready_at == datetime(2026, 11, 21, 12, 0, 6, tzinfo=UTC)
    [container] = found.containers
    assert (container.image_id, container.restarts, container.running) == (f"reg.example/web@{DIGEST}", 1, True)
    assert container.waiting_since is None
    assert container.last_terminated == Terminated(
        exit_code=3, reason="Error", finished_at=datetime(2026, 11, 21, 12, 0, 4, tzinfo=UTC)
    )


def test_what_waits_has_the_time_the_watch_first_saw_it():
    [container] = parsed(waiting="ErrImagePull").containers

    assert (container.waiting_reason, container.waiting_message) == ("ErrImagePull", "why")
    assert container.waiting_since == datetime(2026, 11, 21, tzinfo=UTC)


def test_what_the_watch_saw_come_has_our_own_time():
    times = {fact: datetime(2026, 11, 21, 12, 0, second, tzinfo=UTC) for second, fact in enumerate(FACTS)}

    found = to_pod(parse(pod(), PodObject), WorkloadKind.DEPLOYMENT, lambda _, fact: times.get(fact))

    [container] = found.containers
    [ready] = [each for each in found.conditions if each.type == "Ready"]
    assert [found.seen_at, container.exit_seen_at, ready.seen_at] == list(times.values())


def test_a_stopping_pod_and_init_containers_are_known():
    raw = pod()
    raw["metadata"]["deletionTimestamp"] = "2026-11-21T12:01:00Z"
    raw["status"]["initContainerStatuses"] = [{"name": "prepare", "state": {"terminated": {"exitCode": 0}}}]
    found = to_pod(parse(raw, PodObject), WorkloadKind.DEPLOYMENT, lambda *_: None)

    assert found.terminating
    assert [(each.name, each.init) for each in found.containers] == [("prepare", True), ("web", False)]
    assert found.container("prepare") is None


def test_messages_without_end_are_cut_in_their_middle():
    endless = "first " + "name " * 20_000 + "last"
    raw = pod(waiting="CreateContainerError")
    [status] = raw["status"]["containerStatuses"]
    status["state"]["waiting"]["message"] = endless
    status["lastState"] = {"terminated": {"exitCode": 1, "message": endless}}
    raw["status"]["conditions"] = [{"type": "PodScheduled", "message": endless}]

    found = to_pod(parse(raw, PodObject), WorkloadKind.DEPLOYMENT, lambda *_: None)

    [container] = found.containers
    heard = to_event(parse({**said("uid-x"), "message": endless}, EventObject)).message
    read = [container.waiting_message, container.last_terminated.message, found.conditions[0].message, heard]
    assert all(len(each) < 4100 and each.startswith("first ") and each.endswith(" last") for each in read)


@pytest.mark.parametrize(
    ("seen", "grace", "stops_by"),
    [(None, 30, "12:01:00"), ("12:00:10", 30, "12:00:40"), ("12:00:10", None, "12:01:00")],
)
def test_a_stopping_pods_grace_period_runs_from_when_the_watch_saw_it(seen, grace, stops_by):
    raw = pod()
    raw["metadata"] |= {"deletionTimestamp": "2026-11-21T12:01:00Z", "deletionGracePeriodSeconds": grace}
    times = {"stopping": datetime.fromisoformat(f"2026-11-21T{seen}Z")} if seen else {}

    found = to_pod(parse(raw, PodObject), WorkloadKind.DEPLOYMENT, lambda _, fact: times.get(fact))

    assert found.stops_by == datetime.fromisoformat(f"2026-11-21T{stops_by}Z")
    assert parsed().stops_by is None


def test_an_init_container_that_stays_is_a_sidecar():
    raw = pod()
    raw["spec"]["initContainers"] = [{"name": "prepare"}, {"name": "proxy", "restartPolicy": "Always"}]
    raw["status"]["initContainerStatuses"] = [{"name": "prepare"}, {"name": "proxy"}]
    found = to_pod(parse(raw, PodObject), WorkloadKind.DEPLOYMENT, lambda *_: None)

    assert [(each.name, each.init, each.sidecar) for each in found.containers] == [
        ("prepare", True, False),
        ("proxy", True, True),
        ("web", False, False),
    ]


@pytest.mark.parametrize(
    ("kind", "revision", "ordinal"),
    [
        (WorkloadKind.DEPLOYMENT, "uid-web-1", None),
        (WorkloadKind.STATEFULSET, "db-new", 12),
        (WorkloadKind.DAEMONSET, "db-new", None),
    ],
)
def test_a_pods_revision_is_told_as_its_kind_tells_it(kind, revision, ordinal):
    found = parsed(kind, name="db-12", hash_="db-new")

    assert (found.revision, found.ordinal) == (revision, ordinal)


@pytest.mark.parametrize("name", ["db", "db-", "db-x", "db-\u0663"])
def test_a_name_without_a_number_has_no_ordinal(name):
    assert parsed(WorkloadKind.STATEFULSET, name=name).ordinal is None


def observe(kind, item, revisions, pods, events=()):
    return to_observation(
        item,
        kind,
        revisions=[parse(each, ControllerRevisionObject) for each in revisions],
        pods=[parse(each, PodObject) for each in pods],
        events=[parse(each, EventObject) for each in events],
        container="web",
        since=lambda *_: None,
    )


def test_a_stateful_set_is_shown_with_its_revisions_pods_and_events():
    seen = observe(
        WorkloadKind.STATEFULSET,
        parse(stateful_set(), StatefulSetObject),
        [controller_revision("db-old", number=1), controller_revision("db-new", number=2)],
        [
            pod("db-0", owner="uid-db", hash_="db-old"),
            pod("db-1", owner="uid-db", hash_="db-new"),
            pod("x-0", owner="uid-x", hash_="db-new"),
        ],
        [said("uid-db"), said("uid-db-1"), said("uid-db-new"), said("uid-x"), said("uid-x-0")],
    )

    assert seen.new_revision is not None
    assert seen.new_revision.name == "db-new"
    assert [each.name for each in seen.pods_of(seen.new_revision)] == ["db-1"]
    assert [each.name for each in seen.other_pods(seen.new_revision)] == ["db-0"]
    assert {each.object_uid for each in seen.events} == {"uid-db", "uid-db-1", "uid-db-new"}


def test_a_daemon_set_is_shown_with_its_newest_revisions_pods():
    seen = observe(
        WorkloadKind.DAEMONSET,
        parse(daemon_set(), DaemonSetObject),
        [
            controller_revision("agent-aa", number=3, owner="uid-agent", hash_="aa", image=IMAGE),
            controller_revision("agent-bb", number=2, owner="uid-agent", hash_="bb", image="old"),
        ],
        [pod("agent-x", owner="uid-agent", hash_="aa"), pod("agent-y", owner="uid-agent", hash_="bb")],
    )

    assert seen.new_revision is not None
    assert [each.name for each in seen.pods_of(seen.new_revision)] == ["agent-x"]


def test_an_object_that_is_gone_has_nothing():
    seen = observe(WorkloadKind.STATEFULSET, None, [controller_revision("db-old")], [pod()], [said("uid-db")])

    assert (seen.workload, seen.revisions, seen.pods, seen.events) == (None, (), (), ())


def test_an_older_writers_event_is_read():
    assert to_event(parse(said("uid-db", count=5), EventObject)) == Event(
        object_uid="uid-db",
        object_name="db",
        reason="FailedMount",
        message="no such secret",
        warning=True,
        count=5,
        first_at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
        last_at=datetime(2026, 11, 21, 12, 1, tzinfo=UTC),
    )


def test_a_newer_writers_event_is_read():
    raw = said("uid-db", type="Normal", eventTime="2026-11-21T12:02:00.123456Z")
    raw |= {"count": None, "firstTimestamp": None, "lastTimestamp": None}
    alone = to_event(parse(raw, EventObject))
    raw["series"] = {"count": 9, "lastObservedTime": "2026-11-21T12:05:00.000000Z"}
    many = to_event(parse(raw, EventObject))

    assert (alone.warning, alone.count, alone.first_at) == (False, 1, alone.last_at)
    assert alone.last_at == datetime(2026, 11, 21, 12, 2, 0, 123456, tzinfo=UTC)
    assert (many.count, many.last_at) == (9, datetime(2026, 11, 21, 12, 5, tzinfo=UTC))
