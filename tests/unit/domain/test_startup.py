"""Pods that do not come up without any fault of their image: no node, no volume, no readiness, killed by a probe."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.diagnosis import diagnose
from bot.domain.exits import ADD_PROBE
from bot.domain.graces import Graces
from bot.domain.verdict import Verdict, judge
from bot.domain.workload import Condition
from tests.unit.domain.rollouts import (
    at,
    container,
    ended,
    event,
    observation,
    pod,
    starting,
    stuck,
    wanted,
)

NO_ROOM = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available"
UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
UNHEALTHY = 'Readiness probe failed: Get "http://10.0.0.1:8080/healthz": dial tcp: connect: connection refused'


def find(one, *events, now, graces=None, **changes):
    seen = replace(observation(one, of=starting(replicas=1, **changes)), events=events)
    options = {"graces": graces} if graces else {}
    return diagnose(seen, seen.new_revision, now=at(now), container="web", **options)


def unscheduled(message=NO_ROOM, since=1.0):
    condition = Condition(
        type="PodScheduled", status="False", reason="Unschedulable", message=message, changed_at=at(since)
    )
    return replace(pod("web-1", conditions=(condition,), phase="Pending"), ready=False, containers=(), started_at=None)


def test_a_pod_that_no_node_takes_is_told_and_then_fatal():
    early, told, late = (find(unscheduled(), now=now) for now in (30, 31, 301))

    assert [each.reason for found in (early, told, late) for each in found] == ["unschedulable"] * 3
    assert [(found[0].told, found[0].fatal) for found in (early, told, late)] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert late[0].evidence == NO_ROOM
    assert "`kubectl -n team-a describe pod web-1`" in late[0].next_step


@pytest.mark.parametrize("by", [-360, 0, 720], ids=lambda seconds: f"{seconds} s")
def test_the_scheduling_grace_runs_by_our_own_clock_from_when_the_watch_saw_it(by):
    there = unscheduled(since=1 + by)
    there = replace(there, conditions=(replace(there.conditions[0], seen_at=at(2)),), created_at=at(1 + by))
    coming = event("TriggeredScaleUp", at_second=101 + by, warning=False)

    early, late = (find(there, now=now) for now in (301.5, 302))
    scaled, over = (find(there, coming, now=now) for now in (401.5, 402))

    assert [found[0].fatal for found in (early, late, scaled, over)] == [False, True, False, True]


def test_no_grace_is_over_before_the_rollout_is_as_old_whatever_the_clusters_clock():
    """Nobody saw it begin, and our clock is six minutes ahead."""
    seen = observation(unscheduled(since=-359), of=starting(replicas=1))

    early, late = (judge(seen, wanted(), at(now)) for now in (299, 300))

    assert (early.verdict, late.verdict, late.reason) == (None, Verdict.FAILED, "unschedulable")


@pytest.mark.parametrize("reason", ["TriggeredScaleUp", "Nominated"])
def test_a_node_on_its_way_begins_the_time_again(reason):
    coming = event(reason, "pod triggered scale-up: [{group 1->2 (max: 5)}]", at_second=100, warning=False)

    [early] = find(unscheduled(), coming, now=399)
    [late] = find(unscheduled(), coming, coming, replace(coming, last_at=at(50)), now=400)
    [other] = find(unscheduled(), replace(coming, object_uid="uid-web-2"), now=399)

    assert (early.fatal, late.fatal, other.fatal) == (False, True, True)
    assert early.event.startswith(f"{reason}: pod triggered scale-up")


def test_the_scheduling_grace_is_the_callers():
    [finding] = find(unscheduled(), now=20, graces=Graces(scheduling=timedelta(seconds=10)))

    assert finding.fatal


def test_a_claim_that_is_not_bound_is_left_to_the_deadline():
    [finding] = find(unscheduled(UNBOUND), now=10_000)

    assert (finding.reason, finding.fatal, finding.told) == ("volume_pending", False, True)
    assert finding.evidence == UNBOUND


def test_a_gated_pod_is_not_unschedulable():
    gated = unscheduled()
    gated = replace(gated, conditions=(replace(gated.conditions[0], reason="SchedulingGated"),))

    assert find(gated, now=10_000) == ()


@pytest.mark.parametrize("reason", ["FailedMount", "FailedAttachVolume"])
def test_a_missing_volume_is_told_with_its_event_and_never_fatal(reason):
    mount = event(reason, '(combined from similar events): MountVolume.SetUp failed: secret "ghost" not found')
    later = event("FailedCreatePodSandBox", "network", at_second=20)

    assert find(pod("web-1", stuck("ContainerCreating")), mount, later, now=30) == ()
    [finding] = find(pod("web-1", stuck("ContainerCreating")), mount, later, now=10_000)
    assert (finding.reason, finding.fatal, finding.told) == ("volume_pending", False, True)
    assert finding.evidence == f'{reason}: MountVolume.SetUp failed: secret "ghost" not found'


def test_a_container_that_is_not_started_is_told_with_the_last_warning():
    warning = event("FailedCreatePodSandBox", "no network", at_second=20)
    normal = event("Scheduled", "assigned", at_second=25, warning=False)
    creating = pod("web-1", stuck("ContainerCreating"), stuck("PodInitializing", name="other"))

    [finding] = find(creating, normal, warning, now=31)

    assert (finding.reason, finding.evidence) == ("not_started", "FailedCreatePodSandBox: no network")
    assert find(creating, normal, event("MissingClusterDNS"), event("FailedScheduling"), now=31) == ()
    assert find(pod("web-1", container(ready=False)), warning, now=31)[0].reason == "not_ready"


def test_a_failing_readiness_probe_is_named_and_left_to_the_deadline():
    words = event("Unhealthy", UNHEALTHY)
    old = event("Unhealthy", "Readiness probe failed: other", at_second=5)
    slow = pod("web-1", container(ready=False))

    [finding] = find(slow, old, words, old, now=10_000, readiness_probe="GET :8080/healthz")

    assert finding.sentence == (
        "container `web` runs and never became ready: its readiness probe `GET :8080/healthz` fails"
    )
    assert (finding.evidence, finding.fatal, finding.told) == (f"Unhealthy: {UNHEALTHY}", False, True)


def test_what_goes_on_says_how_far_it_is_and_what_holds_it_up():
    words = event("Unhealthy", UNHEALTHY)
    seen = replace(observation(pod("web-1", container(ready=False)), pod("web-2"), of=starting()), events=(words,))

    first, second = (judge(seen, wanted(), at(now)) for now in (40, 77))

    assert (first.verdict, first.reason) == (None, "not_ready")
    assert first.sentence == "1 of 2 new pods ready; container `web` runs and never became ready (pod `web-1`)"
    assert first.sentence == second.sentence


def killed(code=137):
    return container(ready=False, running=False, terminated=ended(code, since=2, until=20), restarts=1)


@pytest.mark.parametrize(
    ("code", "events", "reason"),
    [
        (143, (event("Killing", "Container web failed liveness probe, will be restarted"),), "liveness_killed"),
        (137, (event("Unhealthy", "Liveness probe failed: timeout"),), "liveness_killed"),
        (137, (event("Killing", "Container web failed startup probe, will be restarted"),), "liveness_killed"),
        (1, (event("Unhealthy", "Liveness probe failed: timeout"),), "crash_loop"),
        (137, (event("Killing", "Container other failed liveness probe, will be restarted"),), "crash_loop"),
        (137, (event("Unhealthy", "Liveness probe failed: timeout", at_second=1),), "crash_loop"),
        (137, (event("Unhealthy", "Readiness probe failed: timeout"),), "crash_loop"),
        (137, (), "crash_loop"),
    ],
)
def test_a_container_killed_for_its_probe_says_so(code, events, reason):
    [finding] = find(pod("web-1", killed(code)), *events, now=21)

    assert (finding.reason, finding.exit_code) == (reason, code)
    assert ("because its" in finding.sentence) == (reason == "liveness_killed")


def test_the_probes_own_words_are_kept_beside_the_kill():
    kill = event("Killing", "Container web failed liveness probe, will be restarted", at_second=19)
    words = event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", at_second=18)

    [finding] = find(pod("web-1", killed()), kill, words, now=21)

    assert finding.event == "Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500"
    assert finding.sentence == "container `web` is killed because its liveness probe fails (exit code 137)"


def test_out_of_memory_stays_that():
    oom = container(ready=False, running=False, terminated=ended(137, reason="OOMKilled"))

    [finding] = find(pod("web-1", oom), event("Unhealthy", "Liveness probe failed: timeout"), now=21)

    assert finding.reason == "out_of_memory"


def test_without_a_readiness_probe_a_crash_after_the_start_advises_one():
    late = container(ready=False, running=False, terminated=ended(2, since=2, until=8))
    soon = container(ready=False, running=False, terminated=ended(2))

    assert find(pod("web-1", late), now=9)[0].next_step.endswith(ADD_PROBE)
    assert not find(pod("web-1", soon), now=9)[0].next_step.endswith(ADD_PROBE)
    assert not find(pod("web-1", late), now=9, readiness_probe="tcp :80")[0].next_step.endswith(ADD_PROBE)


def test_a_sidecar_has_to_run_on():
    sidecar = {"name": "proxy", "init": True, "sidecar": True}
    ended_well = ended(0, reason="Completed")
    gone = container(ready=False, running=False, terminated=ended_well, last_terminated=ended_well, **sidecar)

    [finding] = find(pod("web-1", gone), now=4)
    [waits] = find(pod("web-1", container(ready=False, **sidecar)), now=31)

    assert (finding.reason, finding.fatal) == ("crash_loop", True)
    assert finding.sentence.startswith("sidecar `proxy` ends by itself with code 0")
    assert waits.reason == "not_ready"


def test_the_probe_of_our_container_does_not_excuse_a_sidecar():
    ends = {"terminated": ended(3), "last_terminated": ended(3)}
    proxy = container(name="proxy", init=True, sidecar=True, ready=False, running=False, restarts=1, **ends)
    lost = Condition(type="Ready", status="False", changed_at=at(12))

    [finding] = find(pod("web-1", proxy, container(), conditions=(lost,)), now=13, readiness_probe="GET :8080/")

    assert finding.fatal


@pytest.mark.parametrize(
    "lost",
    [
        {"reason": "Evicted"},
        {"reason": "Preempting"},
        {"reason": "NodeLost"},
        {"phase": "Unknown"},
        {"phase": "Failed"},
        {"conditions": (Condition(type="DisruptionTarget", status="True", reason="PreemptionByScheduler"),)},
    ],
    ids=str,
)
def test_a_pod_that_its_node_takes_away_is_never_the_apps_fault(lost):
    crashing = container(ready=False, running=False, last_terminated=ended(137), restarts=5)
    gone = pod("web-1", crashing, **lost)

    assert find(gone, now=10_000) == ()
    judgement = judge(observation(gone, pod("web-2"), of=starting()), wanted(), at(100))
    assert judgement.verdict is None


def test_a_container_lost_with_its_node_is_no_exit():
    unknown = ended(137, reason="ContainerStatusUnknown")

    assert find(pod("web-1", stuck("", last_terminated=unknown, restarts=3)), now=20) == ()


def test_a_registry_that_is_away_is_told_after_half_a_minute():
    waits = pod("web-1", stuck("ErrImagePull", "dial tcp: connection refused"))

    assert [find(waits, now=now)[0].told for now in (31, 32)] == [False, True]
    [finding] = find(waits, now=12, graces=Graces(registry=timedelta(seconds=10)))
    assert finding.fatal


def test_every_finding_has_a_next_step():
    cache = stuck("CreateContainerConfigError", "failed to sync secret cache: timed out")

    assert find(pod("web-1", cache), now=5)[0].next_step


def test_unschedulable_pods_end_the_rollout():
    seen = observation(unscheduled(), of=starting(progress_deadline_seconds=None))

    judgement = judge(seen, wanted(), at(400))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "unschedulable")
    assert judgement.sentence == "no node takes the pod, in 1 of 1 new pod"


@pytest.mark.parametrize("by", [-360, 0, 720], ids=lambda seconds: f"{seconds} s")
def test_unreadiness_is_told_half_a_minute_after_the_watch_saw_it(by):
    lost = Condition(type="Ready", status="False", changed_at=at(1 + by), seen_at=at(2))
    slow = replace(pod("web-1", container(ready=False)), conditions=(lost,), started_at=at(1 + by))

    assert find(slow, now=31.5) == ()
    assert [each.reason for each in find(slow, now=32)] == ["not_ready"]
