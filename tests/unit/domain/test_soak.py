"""The time after completion: a restart or a lost readiness in it is a failure, a slow start is not."""

from dataclasses import replace

import pytest

from bot.domain.verdict import Verdict, judge
from bot.domain.workload import Condition
from tests.unit.domain.rollouts import (
    NEW,
    OLD,
    at,
    complete,
    container,
    daemon_set,
    ended,
    event,
    member,
    observation,
    old_pod,
    pod,
    seen,
    starting,
    stateful_set,
    wanted,
    workload,
)

SOAK = wanted(soak=at(30) - at(0))
COMPLETE = replace(complete(), message=f'ReplicaSet "{NEW}" has successfully progressed.', updated_at=at(5))
PROBED = {"readiness_probe": "GET :8080/healthz"}


def of(condition=COMPLETE, **changes):
    return workload(conditions=(condition,), **changes)


def restarted(end=20.0, *, since=2.0, **changes):
    """A container that ended and runs again."""
    return container(restarts=1, last_terminated=ended(2, since=since, until=end), **changes)


def unready(since=20.0, name="web-2", *containers, **changes):
    """A pod that was ready until then."""
    lost = Condition(type="Ready", status="False", changed_at=at(since))
    return pod(name, *(containers or (container(ready=False),)), conditions=(lost,), **changes)


def look(seen_, now=25, wish=SOAK):
    judgement = judge(seen_, wish, at(now))
    return judgement.verdict, judgement.reason


def test_a_restart_after_the_controller_called_it_complete_is_a_failure():
    broken = observation(pod("web-1"), pod("web-2", restarted(), ready_at=21), of=of(**PROBED))

    judgement = judge(broken, SOAK, at(25))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "restarted_in_soak")
    assert judgement.sentence == (
        "container `web` exits with code 2, 18 s after start, after all new pods had been ready (pod `web-2`)"
    )
    [finding] = judgement.findings
    assert (finding.exit_code, finding.previous_logs, finding.fatal) == (2, True, True)
    assert "probe" not in finding.next_step


def test_an_exit_is_a_failure_before_the_restart():
    gone = container(ready=False, running=False, terminated=ended(2, until=6))
    broken = observation(unready(6, "web-1", gone), pod("web-2"), of=of(available_replicas=1))

    judgement = judge(broken, SOAK, at(7))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "restarted_in_soak")
    assert "add one" in judgement.findings[0].next_step


def test_lost_readiness_is_a_failure_with_the_probes_words():
    words = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500", of="uid-web-2")
    broken = replace(observation(pod("web-1"), unready(), of=of(available_replicas=1)), events=(words,))

    judgement = judge(broken, SOAK, at(30))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "unready_in_soak")
    assert judgement.findings[0].evidence.endswith("statuscode: 500")


@pytest.mark.parametrize(
    "condition",
    [
        replace(COMPLETE, message=f'ReplicaSet "{OLD}" has successfully progressed.'),
        replace(COMPLETE, updated_at=at(-5)),
        replace(COMPLETE, updated_at=at(20)),
        replace(COMPLETE, updated_at=None),
    ],
    ids=["another replica set's", "from before", "later than the restart", "without its time"],
)
def test_a_restart_that_may_belong_to_the_start_begins_the_time_again(condition):
    slow = observation(pod("web-1"), pod("web-2", restarted(), ready_at=21), of=of(condition, **PROBED))

    assert look(slow) == (None, "soaking")
    assert look(slow, now=51, wish=replace(SOAK, complete_at=at(21)))[0] is Verdict.SUCCEEDED


def test_what_an_earlier_look_found_is_as_good_as_the_controllers_word():
    broken = seen(daemon_set(**PROBED), member(0), member(1), member(2, restarted()))

    assert look(broken, now=21) == (None, "soaking")
    assert look(broken, wish=replace(SOAK, complete_at=at(6))) == (Verdict.FAILED, "restarted_in_soak")


def test_after_the_soak_time_a_restart_is_the_apps_own():
    late = observation(pod("web-1"), pod("web-2", restarted(40), ready_at=41), of=of())

    assert look(late, now=80, wish=replace(SOAK, complete_at=at(5)))[0] is Verdict.SUCCEEDED


def test_many_restarts_are_a_loop_whenever_the_last_one_was():
    looping = observation(pod("web-1"), pod("web-2", replace(restarted(40), restarts=3), ready_at=79), of=of())

    assert look(looping, now=80) == (Verdict.FAILED, "crash_loop")


def test_a_pod_that_was_scaled_up_later_may_be_slow():
    fresh = pod("web-2", restarted(20, since=12), created_at=at(10), ready_at=21)

    assert look(observation(pod("web-1"), fresh, of=of())) == (None, "soaking")


@pytest.mark.parametrize("kind", [stateful_set, daemon_set])
def test_without_the_controllers_word_the_other_pods_prove_completion(kind):
    lost = Condition(type="Ready", status="False", changed_at=at(20))
    flapping = member(0, container(ready=False), conditions=(lost,))
    broken = seen(kind(ready_replicas=2, available_replicas=2), flapping, member(1), member(2))

    assert look(broken, now=30) == (Verdict.FAILED, "unready_in_soak")


@pytest.mark.parametrize(
    "others",
    [
        (member(1), member(2, revision=OLD)),
        (member(1),),
        (member(1), member(2, container(ready=False))),
        (member(1), replace(member(2), conditions=())),
        (member(1), replace(member(2), conditions=pod("x", ready_at=21).conditions)),
    ],
    ids=["an old one left", "one missing", "one starting", "ready at an unknown time", "ready only later"],
)
def test_a_pod_that_flaps_before_all_were_ready_is_no_failure(others):
    lost = Condition(type="Ready", status="False", changed_at=at(20))
    flapping = member(0, container(ready=False), conditions=(lost,))

    assert look(seen(stateful_set(**PROBED), flapping, *others))[0] is None


def test_without_a_probe_a_container_that_ran_was_ready():
    ran = seen(stateful_set(), member(0, restarted(20)), member(1), member(2))
    stumbled = seen(stateful_set(), member(0, restarted(4)), member(1), member(2))

    assert look(ran) == (Verdict.FAILED, "restarted_in_soak")
    assert look(stumbled) == (None, "soaking")


@pytest.mark.parametrize("other", [{}, {"init": True, "sidecar": True}], ids=["a container", "a sidecar"])
def test_beside_another_container_one_that_ran_need_not_have_been_ready(other):
    proxy = container(name="proxy", **other)
    prepared = container(name="prepare", init=True, ready=False, running=False)

    beside = seen(stateful_set(), member(0, restarted(20), proxy), member(1), member(2))
    alone = seen(stateful_set(), member(0, restarted(20), prepared, ready=True), member(1), member(2))

    assert look(beside) == (None, "soaking")
    assert look(alone) == (Verdict.FAILED, "restarted_in_soak")


def test_a_stateful_set_goes_on_only_from_a_pod_that_is_ready():
    went_on = seen(stateful_set(**PROBED), member(0, created_at=at(15)), member(1), member(2, restarted(20)))
    last = seen(stateful_set(**PROBED), member(0, restarted(20)), member(1), member(2))

    assert look(went_on) == (Verdict.FAILED, "restarted_in_soak")
    assert look(last) == (None, "soaking")


@pytest.mark.parametrize(
    "lost",
    [
        unready(reason="NodeLost"),
        unready(20, "web-2", container(ready=True), ready=False),
        pod("web-2", container(ready=False)),
        unready(20, "web-2", restarted(20, ready=True), ready=False, phase="Unknown"),
    ],
    ids=["node lost", "marked by the node's controller", "never ready", "unknown"],
)
def test_what_the_node_or_the_start_takes_is_no_lapse(lost):
    assert look(observation(pod("web-1"), lost, of=of(available_replicas=1)))[0] is None


@pytest.mark.parametrize("wish", [wanted(), replace(SOAK, changed=False)], ids=["no soak", "no change"])
def test_without_a_soak_nothing_is_watched(wish):
    broken = observation(pod("web-1"), unready(), of=of(available_replicas=1))

    assert look(broken, wish=wish) == (None, "pods_starting")


def test_two_failed_exits_before_readiness_stay_a_crash_loop():
    crashing = container(ready=False, running=False, terminated=ended(3), last_terminated=ended(3), restarts=1)
    slow = observation(pod("web-1", crashing), pod("web-2", crashing), old_pod(), of=starting(status_replicas=3))

    assert look(slow, now=4) == (Verdict.FAILED, "crash_loop")


def known(soaked_from=6.0):
    return replace(SOAK, complete_at=at(soaked_from))


def test_readiness_that_comes_back_within_the_kubelets_first_seconds_is_no_lapse():
    flapping = observation(pod("web-1"), unready(), of=of(available_replicas=1))
    back = observation(pod("web-1"), pod("web-2", ready_at=26), of=of())

    assert look(flapping, now=29, wish=known()) == (None, "pods_starting")
    assert look(flapping, now=30, wish=known()) == (Verdict.FAILED, "unready_in_soak")
    assert look(back, now=35, wish=known()) == (None, "soaking")
    assert look(back, now=36, wish=known())[0] is Verdict.SUCCEEDED


def test_a_pod_that_is_unready_when_the_soak_ends_has_lapsed():
    flapping = observation(pod("web-1"), unready(30), of=of(available_replicas=1))

    assert look(flapping, now=35, wish=known()) == (None, "pods_starting")
    assert look(flapping, now=36, wish=known()) == (Verdict.FAILED, "unready_in_soak")


def test_a_lapse_at_the_deadline_has_the_soaks_time_to_come_back():
    flapping = observation(pod("web-1"), unready(), of=of(available_replicas=1))

    assert look(flapping, now=25, wish=replace(known(), deadline=at(24))) == (None, "pods_starting")


def skewed(by, exits=None, *, saw=None, ready=25.0, **changes):
    """A pod that ended once and is ready, as a cluster tells it whose clock is ahead of ours."""
    end = restarted(exits + by, since=2 + by, exit_seen_at=None if saw is None else at(saw))
    return pod("web-2", end, created_at=at(1 + by), ready_at=ready + by, **changes)


SKEWS = pytest.mark.parametrize("by", [-360, -60, 0, 20, 720], ids=lambda seconds: f"{seconds} s")


@SKEWS
def test_a_restart_before_completion_is_none_within_the_soak_whatever_the_clocks(by):
    done = replace(COMPLETE, updated_at=at(25 + by))
    slow = observation(pod("web-1", ready_at=5 + by), skewed(by, 20, saw=20), of=of(done, **PROBED))

    assert look(slow, now=27, wish=known(25)) == (None, "soaking")
    assert look(slow, now=55, wish=known(25))[0] is Verdict.SUCCEEDED


@SKEWS
@pytest.mark.parametrize("kind", [stateful_set, daemon_set])
def test_a_restart_that_the_watch_saw_after_completion_is_one_whatever_the_clocks(by, kind):
    last = replace(
        member(2),
        **{name: getattr(skewed(by, 20, saw=20), name) for name in ("containers", "conditions", "created_at")},
    )
    broken = seen(kind(**PROBED), member(0), member(1), last)

    assert look(broken, now=27, wish=known(10)) == (Verdict.FAILED, "restarted_in_soak")


@SKEWS
def test_readiness_that_the_watch_saw_lost_is_a_failure_whatever_the_clocks(by):
    lost = Condition(type="Ready", status="False", changed_at=at(20 + by), seen_at=at(20))
    broken = pod("web-2", container(ready=False), conditions=(lost,), created_at=at(1 + by), started_at=at(1 + by))
    seen_ = observation(pod("web-1", ready_at=5 + by), broken, of=of(available_replicas=1))

    assert look(seen_, now=29, wish=known()) == (None, "pods_starting")
    assert look(seen_, now=30, wish=known()) == (Verdict.FAILED, "unready_in_soak")


def test_a_restart_that_nobody_saw_is_held_against_the_clusters_own_time_of_completion():
    """Our clock is 20 s behind, and we were away when the pod ended."""
    done = replace(COMPLETE, updated_at=at(45))
    slow = observation(pod("web-1", ready_at=41), skewed(20, 20), of=of(done, **PROBED))

    assert look(slow, now=26, wish=known(25)) == (None, "soaking")


def test_a_pod_that_the_watch_saw_come_after_completion_may_be_slow():
    fresh = skewed(-60, 20, saw=20, seen_at=at(10))

    assert look(observation(pod("web-1"), fresh, of=of()), wish=known()) == (None, "soaking")
