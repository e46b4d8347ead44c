"""Laws of the verdict, for any mixture of pods, counts and conditions."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.verdict import Verdict, judge
from bot.domain.workload import Observation
from tests.unit.domain.rollouts import (
    DIGEST,
    NEW,
    OLD,
    OLD_DIGEST,
    OLD_IMAGE,
    at,
    complete,
    container,
    deadline_exceeded,
    ended,
    observation,
    pod,
    replica_set,
    stuck,
    wanted,
    workload,
)

GREEN = {Verdict.SUCCEEDED, Verdict.NO_CHANGE}

containers = st.one_of(
    st.builds(
        container,
        ready=st.booleans(),
        image_id=st.sampled_from(["", f"r@{DIGEST}", f"r@{OLD_DIGEST}", "sha256:" + "c" * 64]),
        restarts=st.integers(0, 3),
        last_terminated=st.none() | st.builds(ended, st.integers(0, 255)),
    ),
    st.builds(
        stuck,
        st.sampled_from(["ErrImagePull", "InvalidImageName", "ContainerCreating"]),
        st.sampled_from(["", "not found"]),
    ),
)
pods = st.lists(
    st.builds(
        lambda each, owner, terminating, phase, ready_at: pod(
            "p", each, owner=owner, terminating=terminating, phase=phase, ready_at=ready_at
        ),
        containers,
        st.sampled_from([NEW, NEW, OLD, "stranger"]),
        st.booleans(),
        st.sampled_from(["Running", "Running", "Pending", "Failed"]),
        st.integers(0, 60),
    ),
    max_size=5,
).map(lambda found: tuple(replace(each, name=f"p{index}") for index, each in enumerate(found)))
counts = st.integers(0, 3)
workloads = st.builds(
    workload,
    generation=st.integers(1, 4),
    observed_generation=st.none() | st.integers(1, 4),
    replicas=counts,
    status_replicas=counts,
    updated_replicas=counts,
    available_replicas=counts,
    paused=st.booleans(),
    images=st.sampled_from([workload().images, {"web": OLD_IMAGE}]),
    progress_deadline_seconds=st.sampled_from([None, 30, 600]),
    conditions=st.sampled_from([(), (complete(),), (deadline_exceeded(f'ReplicaSet "{OLD}" has timed out'),)]),
)
# A share of nearly finished ones, or green would hardly ever be seen.
healthy = st.integers(1, 3).map(
    lambda n: workload(replicas=n, status_replicas=n, updated_replicas=n, available_replicas=n)
)
healthy_pods = st.integers(1, 3).map(lambda n: tuple(pod(f"p{index}") for index in range(n)))
observations = st.builds(
    lambda of, some: observation(*some, of=of) if some else replace(observation(of=of), pods=()),
    workloads | healthy,
    pods | healthy_pods,
)
wishes = st.builds(wanted, changed=st.booleans(), soak=st.sampled_from([at(0) - at(0), at(30) - at(0)]))
moments = st.integers(0, 1200).map(at)


@given(observations, wishes, moments)
def test_green_means_every_new_pod_runs_the_digest_and_no_old_one_is_left(seen, wish, now):
    judgement = judge(seen, wish, now)

    if judgement.verdict in GREEN:
        active = [each for each in seen.pods if each.is_active and each.owner_uid in (f"uid-{NEW}", f"uid-{OLD}")]
        assert len(active) == seen.workload.replicas > 0
        assert all(each.owner_uid == f"uid-{NEW}" for each in active)
        assert all(each.ready for each in active)
        assert all(each.container("web").image_id.endswith(DIGEST) for each in active)


@given(pods, wishes, moments)
def test_an_active_old_pod_is_never_overlooked(some, wish, now):
    left = replace(pod("old", owner=OLD), terminating=False)
    seen = observation(*some, left)

    assert judge(seen, wish, now).verdict not in GREEN


@given(observations, st.integers(1, 599).map(at))
def test_a_stale_deadline_never_decides(seen, now):
    stale = replace(
        seen.workload,
        progress_deadline_seconds=600,
        conditions=(deadline_exceeded(f'ReplicaSet "{OLD}" has timed out progressing.'),),
    )

    assert judge(replace(seen, workload=stale), wanted(), now).reason != "progress_deadline_exceeded"


@given(observations, wishes, moments, st.randoms())
def test_the_order_of_pods_and_sets_does_not_matter(seen, wish, now, random):
    pods_, sets = list(seen.pods), list(seen.revisions)
    random.shuffle(pods_)
    random.shuffle(sets)

    assert judge(replace(seen, pods=tuple(pods_), revisions=tuple(sets)), wish, now) == judge(seen, wish, now)


@given(observations, wishes)
def test_after_the_deadlines_there_is_always_an_answer(seen, wish):
    assert judge(seen, wish, at(100_000)).verdict is not None


@given(observations, moments)
def test_another_image_is_never_red(seen, now):
    other = replace(seen.workload, images={"web": OLD_IMAGE}, generation=3)

    assert judge(replace(seen, workload=other), wanted(), now).verdict is Verdict.SUPERSEDED


@given(pods)
def test_pods_of_strangers_change_nothing(some):
    strangers = tuple(replace(each, name=f"x-{each.name}", owner_uid="uid-stranger") for each in some)
    base = observation()

    assert judge(replace(base, pods=base.pods + strangers), wanted(), at(10)) == judge(base, wanted(), at(10))


def test_nothing_at_all_is_not_green():
    empty = Observation(workload=workload(), revisions=(replica_set(NEW),))

    assert judge(empty, wanted(), at(10)).verdict is None
