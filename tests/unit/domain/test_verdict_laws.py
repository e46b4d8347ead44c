"""Laws of the verdict, for any kind and any mixture of pods, counts, conditions and events."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.graces import DEFAULT_GRACES
from bot.domain.stuck import stuck_pods
from bot.domain.verdict import Verdict, judge
from bot.domain.workload import Condition, Observation, Workload, WorkloadKind
from tests.unit.domain.rollouts import (
    DIGEST,
    NEW,
    OLD,
    OLD_DIGEST,
    OLD_IMAGE,
    UID,
    at,
    complete,
    container,
    controller_revision,
    deadline_exceeded,
    ended,
    event,
    observation,
    pod,
    replica_set,
    stuck,
    wanted,
    workload,
)

GREEN = {Verdict.SUCCEEDED, Verdict.NO_CHANGE}
ENDED_WELL = f'ReplicaSet "{NEW}" has successfully progressed.'
times = st.none() | st.integers(-60, 90).map(at)

containers = st.one_of(
    st.builds(
        container,
        name=st.sampled_from(["web", "web", "other"]),
        ready=st.booleans(),
        init=st.booleans(),
        sidecar=st.booleans(),
        image_id=st.sampled_from(["", f"r@{DIGEST}", f"r@{DIGEST}", f"r@{OLD_DIGEST}", "sha256:" + "c" * 64]),
        restarts=st.integers(0, 3),
        terminated=st.none() | st.builds(ended, st.integers(0, 255), finished_at=times),
        last_terminated=st.none() | st.builds(ended, st.integers(0, 255), started_at=times, finished_at=times),
        exit_seen_at=times,
    ),
    st.builds(
        stuck,
        st.sampled_from(["ErrImagePull", "InvalidImageName", "ContainerCreating", "CreateContainerConfigError"]),
        st.sampled_from(["", "not found", "i/o timeout"]),
        waiting_since=times,
    ),
)
conditions = st.builds(
    Condition,
    type=st.sampled_from(["Ready", "PodScheduled", "DisruptionTarget"]),
    status=st.sampled_from(["True", "False", "Unknown"]),
    reason=st.sampled_from(["", "Unschedulable"]),
    message=st.sampled_from(["", "unbound immediate PersistentVolumeClaims"]),
    changed_at=times,
    seen_at=times,
)
pods = st.lists(
    st.builds(
        lambda each, owner, ready_at, **changes: pod("p", *each, owner=owner, ready_at=ready_at, **changes),
        st.lists(containers, min_size=1, max_size=2),
        st.sampled_from([NEW, NEW, OLD, "stranger"]),
        st.integers(0, 60),
        terminating=st.booleans(),
        phase=st.sampled_from(["Running", "Running", "Pending", "Failed", "Unknown"]),
        reason=st.sampled_from(["", "", "Evicted"]),
        created_at=times,
        started_at=times,
    ).flatmap(lambda each: st.just(each) | conditions.map(lambda one: replace(each, conditions=(one,)))),
    max_size=5,
)
counts = st.integers(0, 3)
progress = (complete(), replace(complete(), message=ENDED_WELL, updated_at=at(5)))
workloads = st.builds(
    workload,
    generation=st.integers(1, 4),
    observed_generation=st.none() | st.integers(0, 4),
    replicas=counts,
    status_replicas=counts,
    updated_replicas=counts,
    ready_replicas=counts,
    available_replicas=counts,
    paused=st.booleans(),
    images=st.sampled_from([workload().images, {"web": OLD_IMAGE}]),
    progress_deadline_seconds=st.sampled_from([None, 30, 600]),
    conditions=st.sampled_from([(), *((one,) for one in progress), (deadline_exceeded(f'"{OLD}" has timed out'),)]),
    readiness_probe=st.sampled_from(["", "tcp :80"]),
)
# A share of nearly finished ones, or green would hardly ever be seen.
healthy = st.builds(
    lambda n, one: workload(
        replicas=n, status_replicas=n, updated_replicas=n, ready_replicas=n, available_replicas=n, conditions=(one,)
    ),
    st.integers(1, 3),
    st.sampled_from(progress),
)
healthy_pods = st.integers(1, 3).map(lambda n: [pod(f"p{index}") for index in range(n)])
events = st.lists(
    st.builds(
        event,
        st.sampled_from(["FailedCreate", "Unhealthy", "Killing", "FailedMount", "TriggeredScaleUp"]),
        st.sampled_from(["", "exceeded quota: q", "violates PodSecurity", "Liveness probe failed", "denied"]),
        of=st.sampled_from([UID, "uid-p0", "uid-p1"]),
        first_at=times,
        last_at=times,
    ),
    max_size=3,
).map(tuple)
shapes = st.builds(
    lambda kind, **changes: changes | {"kind": kind},
    st.sampled_from(WorkloadKind),
    partition=st.sampled_from([0, 0, 1, 2, 9]),
    first_ordinal=st.sampled_from([0, 0, 1]),
    on_delete=st.sampled_from([False, False, True]),
    max_unavailable=st.integers(0, 1),
)


def of_kind(base: Workload, some, shape, said=()) -> Observation:
    """The same pods and counts, as each kind has them: pods with ordinals that the workload itself owns."""
    named = [replace(each, name=f"p{index}", uid=f"uid-p{index}") for index, each in enumerate(some)]
    if shape["kind"] is WorkloadKind.DEPLOYMENT:
        return replace(observation(of=base), pods=tuple(named), events=said)
    strange = "uid-stranger"
    own = tuple(
        replace(
            each,
            ordinal=index,
            owner_uid=strange if each.owner_uid == strange else UID,
            revision=each.owner_uid.removeprefix("uid-"),
        )
        for index, each in enumerate(named)
    )
    of = replace(base, revision=NEW, **shape)
    return Observation(
        workload=of, revisions=(controller_revision(OLD), controller_revision(NEW)), pods=own, events=said
    )


observations = st.builds(of_kind, workloads | healthy, pods | healthy_pods, shapes, events)
wishes = st.builds(
    wanted,
    changed=st.booleans(),
    soak=st.sampled_from([at(0) - at(0), at(30) - at(0)]),
    complete_at=st.none() | st.integers(0, 60).map(at),
)
moments = st.integers(0, 1200).map(at)


def own(seen: Observation) -> list:
    """The active pods that are this workload's, whoever made them."""
    return [each for each in seen.pods if each.is_active and each.owner_uid != "uid-stranger"]


def is_new(each) -> bool:
    return each.revision in (NEW, f"uid-{NEW}")


@settings(deadline=None)
@given(observations, wishes, moments)
def test_green_means_every_new_pod_runs_the_digest_and_no_old_one_is_left(seen, wish, now):
    judgement = judge(seen, wish, now)

    if judgement.verdict in GREEN:
        active = own(seen)
        assert len(active) >= seen.workload.replicas - seen.workload.kept
        assert active
        assert all(is_new(each) and each.ready for each in active)
        assert all(each.container("web").image_id.endswith(DIGEST) for each in active)


@settings(deadline=None)
@given(observations, moments)
def test_success_is_never_said_before_every_pod_was_ready_for_the_soak_time(seen, now):
    soak = at(30) - at(0)

    if judge(seen, wanted(soak=soak), now).verdict is Verdict.SUCCEEDED:
        assert all(each.ready_at is not None and each.ready_at + soak <= now for each in own(seen))


@settings(deadline=None)
@given(observations, st.none() | st.integers(0, 1200).map(at), moments, st.integers(-900, 900).map(at))
def test_whatever_the_clusters_clock_success_takes_a_look_before_and_the_soak_time_since(seen, complete_at, now, ready):
    soak, deadline = at(30) - at(0), at(900)
    condition = Condition(type="Ready", status="True", changed_at=ready)
    skewed = replace(seen, pods=tuple(replace(each, conditions=(condition,)) for each in seen.pods))

    wish = wanted(soak=soak, complete_at=complete_at, deadline=deadline)

    if judge(skewed, wish, now).verdict is Verdict.SUCCEEDED:
        assert complete_at + soak <= now if complete_at else now >= deadline + soak


@settings(deadline=None)
@given(workloads | healthy, pods | healthy_pods, shapes, wishes, moments)
def test_an_active_old_pod_is_never_overlooked(base, some, shape, wish, now):
    left = replace(pod("old", owner=OLD), terminating=False)

    assert judge(of_kind(base, [left, *some], shape), wish, now).verdict not in GREEN
    assert judge(of_kind(base, [*some, left], shape), wish, now).verdict not in GREEN


@settings(deadline=None)
@given(workloads | healthy, pods | healthy_pods, shapes, wishes, st.integers(0, 899).map(at))
def test_an_old_pod_that_stops_and_is_ready_is_waited_for(base, some, shape, wish, now):
    stopping = replace(pod("old", owner=OLD), terminating=True, stops_by=at(1000))

    assert judge(of_kind(base, [*some, stopping], shape), wish, now).verdict not in GREEN


@settings(deadline=None)
@given(observations, st.integers(1, 599).map(at))
def test_a_stale_deadline_never_decides(seen, now):
    stale = replace(
        seen.workload,
        progress_deadline_seconds=600,
        conditions=(deadline_exceeded(f'ReplicaSet "{OLD}" has timed out progressing.'),),
    )

    assert judge(replace(seen, workload=stale), wanted(), now).reason != "progress_deadline_exceeded"


@settings(deadline=None)
@given(observations, st.lists(st.integers(-600, -2), min_size=1, max_size=3), moments)
def test_a_stale_refusal_never_decides(seen, seconds, now):
    stale = tuple(event("FailedCreate", "violates PodSecurity", of=UID, at_second=each) for each in seconds)
    without = replace(seen, events=tuple(each for each in seen.events if each.object_uid != UID))

    assert judge(replace(without, events=without.events + stale), wanted(), now) == judge(without, wanted(), now)


@settings(deadline=None)
@given(observations, wishes, moments)
def test_a_stale_completion_never_decides(seen, wish, now):
    bare = replace(seen.workload, conditions=(complete(),))
    stale = replace(seen.workload, conditions=(replace(complete(), message=ENDED_WELL, updated_at=at(-30)),))

    assert judge(replace(seen, workload=stale), wish, now) == judge(replace(seen, workload=bare), wish, now)


@settings(deadline=None)
@given(observations, wishes, moments, st.randoms(use_true_random=False), st.integers(1, 3))
def test_neither_order_nor_repetition_of_what_is_seen_matters(seen, wish, now, random, times_over):
    shuffled = replace(
        seen,
        **{
            name: tuple(random.sample(list(told), len(told)))
            for name in ("pods", "revisions", "events")
            for told in [getattr(seen, name) * times_over]
        },
    )

    assert judge(shuffled, wish, now) == judge(seen, wish, now)


@settings(deadline=None)
@given(observations, wishes)
def test_after_the_deadlines_there_is_always_an_answer(seen, wish):
    assert judge(seen, wish, at(100_000)).verdict is not None


@settings(deadline=None)
@given(observations, wishes, moments)
def test_every_finding_has_a_next_step_and_a_fatal_one_is_worth_telling(seen, wish, now):
    for finding in judge(seen, wish, now).findings:
        assert finding.next_step
        assert finding.told or not finding.fatal


@settings(deadline=None)
@given(observations, moments)
def test_only_what_a_stateful_set_will_not_replace_by_itself_is_stuck(seen, now):
    stuck_ = stuck_pods(seen, seen.new_revision, DEFAULT_GRACES, now)

    assert all(each in own(seen) and not is_new(each) and not each.ready for each in stuck_)
    assert not stuck_ or seen.workload.kind is WorkloadKind.STATEFULSET


@settings(deadline=None)
@given(observations, moments)
def test_another_image_is_never_red(seen, now):
    other = replace(seen.workload, images={"web": OLD_IMAGE}, generation=3)

    assert judge(replace(seen, workload=other), wanted(), now).verdict is Verdict.SUPERSEDED


@settings(deadline=None)
@given(pods)
def test_pods_of_strangers_change_nothing(some):
    strangers = tuple(
        replace(each, name=f"x-{index}", uid=f"x-{index}", owner_uid="uid-stranger") for index, each in enumerate(some)
    )
    base = observation()

    assert judge(replace(base, pods=base.pods + strangers), wanted(), at(10)) == judge(base, wanted(), at(10))


def test_nothing_at_all_is_not_green():
    empty = Observation(workload=workload(), revisions=(replica_set(NEW),))

    assert judge(empty, wanted(), at(10)).verdict is None
