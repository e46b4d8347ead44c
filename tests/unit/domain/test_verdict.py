"""Every rule of the Deployment verdict, in its order."""

from dataclasses import replace

import pytest

from bot.domain.verdict import Verdict, judge
from bot.domain.workload import Condition, Observation
from tests.unit.domain.rollouts import (
    DIGEST,
    IMAGE,
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
    old_pod,
    pod,
    replica_set,
    starting,
    stuck,
    wanted,
    workload,
)


def test_all_counts_pods_and_the_controller_agree_is_success():
    judgement = judge(observation(), wanted(), at(10))

    assert judgement.verdict is Verdict.SUCCEEDED
    assert judgement.progress == "2 of 2 new pods ready"


def test_an_unchanged_image_that_runs_is_no_change():
    judgement = judge(observation(), wanted(changed=False), at(10))

    assert judgement.verdict is Verdict.NO_CHANGE


def test_a_deleted_workload_failed():
    judgement = judge(Observation(workload=None), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "workload_deleted")


def test_a_recreated_workload_failed_even_if_it_looks_healthy():
    judgement = judge(observation(of=workload(uid="uid-other")), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "workload_recreated")


def test_another_image_is_superseded_and_names_the_writer():
    other = workload(images={"web": "reg.example/hotfix:1"}, last_writer="kubectl-set", generation=3)

    judgement = judge(observation(of=other), wanted(), at(10))

    assert judgement.verdict is Verdict.SUPERSEDED
    assert "`kubectl-set`" in judgement.sentence
    assert "`reg.example/hotfix:1`" in judgement.sentence


def test_a_writer_cannot_speak_through_its_name():
    other = workload(images={"web": "x"}, last_writer="a`\n@everyone `b", generation=3)

    judgement = judge(observation(of=other), wanted(), at(10))

    assert "by `a' @everyone 'b` during" in judgement.sentence


def test_a_removed_container_is_superseded():
    judgement = judge(observation(of=workload(images={"other": IMAGE}, generation=3)), wanted(), at(10))

    assert judgement.verdict is Verdict.SUPERSEDED
    assert "no longer part" in judgement.sentence


def test_a_watch_older_than_the_patch_is_not_taken_for_another_writer():
    past = workload(generation=1, observed_generation=1, images={"web": OLD_IMAGE}, revision="1")

    judgement = judge(observation(of=past), wanted(), at(1))

    assert (judgement.verdict, judgement.reason) == (None, "patch_not_seen")


@pytest.mark.parametrize("observed", [None, 1])
def test_nothing_is_read_before_the_controller_saw_our_generation(observed):
    stale = workload(observed_generation=observed, conditions=(deadline_exceeded(f'ReplicaSet "{NEW}" has timed out'),))

    judgement = judge(observation(of=stale), wanted(), at(700))

    assert (judgement.verdict, judgement.reason) == (None, "controller_pending")


def test_a_later_generation_with_our_image_is_not_another_deploy():
    scaled = workload(generation=9, observed_generation=8)

    assert judge(observation(of=scaled), wanted(), at(10)).verdict is Verdict.SUCCEEDED


def test_paused_is_its_own_verdict_and_stops_our_clock():
    judgement = judge(observation(of=starting(paused=True)), wanted(), at(5000))

    assert judgement.verdict is Verdict.PAUSED
    assert "`kubectl -n team-a rollout resume deployment/web`" in judgement.sentence


@pytest.mark.parametrize(
    "sets",
    [
        (replica_set(OLD),),
        (replica_set(OLD), replica_set(NEW, owner_uid="uid-other")),
        (replica_set(OLD), replica_set(NEW, revision="3")),
        (replica_set(OLD), replica_set(NEW, images={"web": OLD_IMAGE})),
    ],
    ids=["not there", "not ours", "other revision", "other image"],
)
def test_without_the_new_replica_set_there_is_no_verdict(sets):
    judgement = judge(observation(sets=sets), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (None, "replica_set_pending")


def test_an_unknown_revision_matches_no_replica_set():
    judgement = judge(observation(of=workload(revision=""), sets=(replica_set(NEW, revision=""),)), wanted(), at(10))

    assert judgement.reason == "replica_set_pending"


def test_the_clusters_deadline_about_our_replica_set_fails():
    late = starting(conditions=(deadline_exceeded(f'ReplicaSet "{NEW}" has timed out progressing.'),))

    judgement = judge(observation(pod("web-1", container(ready=False)), of=late), wanted(), at(20))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "progress_deadline_exceeded")
    assert "600 s" in judgement.sentence


def test_a_deadline_left_over_from_an_earlier_rollout_does_not_decide():
    stale = starting(conditions=(deadline_exceeded(f'ReplicaSet "{OLD}" has timed out progressing.'),))

    judgement = judge(observation(pod("web-1", container(ready=False)), of=stale), wanted(), at(599))

    assert (judgement.verdict, judgement.reason) == (None, "pods_starting")


def test_a_deadline_as_old_as_the_rollout_decides_whatever_it_names():
    stale = starting(conditions=(deadline_exceeded('Deployment "web" has timed out progressing.'),))

    judgement = judge(observation(pod("web-1", container(ready=False)), of=stale), wanted(), at(600))

    assert judgement.reason == "progress_deadline_exceeded"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"updated_replicas": 1}, "pods_creating"),
        ({"available_replicas": 1}, "pods_starting"),
        ({"status_replicas": 3}, "old_pods_left"),
        (
            {"conditions": (Condition(type="Progressing", status="True", reason="ReplicaSetUpdated"),)},
            "controller_finishing",
        ),
        ({"conditions": ()}, "controller_finishing"),
    ],
)
def test_each_count_must_hold(changes, reason):
    judgement = judge(observation(of=workload(**changes)), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (None, reason)


@pytest.mark.parametrize("seconds", [None, 2**31 - 1])
def test_without_a_deadline_the_controllers_word_is_not_awaited(seconds):
    silent = workload(progress_deadline_seconds=seconds, conditions=())

    assert judge(observation(of=silent), wanted(), at(10)).verdict is Verdict.SUCCEEDED


def test_an_old_pod_that_the_counts_do_not_show_still_blocks():
    judgement = judge(observation(pod("web-1"), pod("web-2"), old_pod()), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (None, "old_pods_left")


@pytest.mark.parametrize("gone", [{"terminating": True, "ready": False}, {"phase": "Failed", "reason": "Evicted"}])
def test_an_old_pod_that_serves_no_more_does_not_block(gone):
    judgement = judge(observation(pod("web-1"), pod("web-2"), old_pod(**gone)), wanted(), at(10))

    assert judgement.verdict is Verdict.SUCCEEDED


def test_a_new_pod_that_is_not_ready_in_the_watch_blocks_though_the_counts_hold():
    judgement = judge(observation(pod("web-1"), pod("web-2", container(ready=False))), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (None, "pods_starting")
    assert judgement.sentence == "1 of 2 new pods ready"


def test_zero_replicas_is_neutral_never_green():
    scaled = workload(replicas=0, status_replicas=0, updated_replicas=0, available_replicas=0)
    seen = Observation(workload=scaled, revisions=(replica_set(NEW),))

    assert judge(seen, wanted(), at(10)).verdict is Verdict.NEUTRAL


def test_zero_replicas_waits_for_the_last_pods():
    scaled = workload(replicas=0, status_replicas=1, updated_replicas=0, available_replicas=0)

    judgement = judge(observation(old_pod(), of=scaled), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (None, "scaling_to_zero")


def test_another_digest_than_the_verified_one_fails_at_once():
    wrong = container(image_id=f"reg.example/team/web@{OLD_DIGEST}")

    judgement = judge(observation(pod("web-1"), pod("web-2", wrong)), wanted(), at(10))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "digest_mismatch")
    assert "`web-2`" in judgement.sentence


@pytest.mark.parametrize(
    "image_id", [f"docker-pullable://other.example/web@{DIGEST}", f"reg.example/team/web@{DIGEST}"]
)
def test_the_digest_counts_whatever_the_runtime_puts_before_it(image_id):
    judgement = judge(observation(pod("web-1", container(image_id=image_id)), pod("web-2")), wanted(), at(10))

    assert judgement.verdict is Verdict.SUCCEEDED


def test_a_platform_digest_of_the_index_is_accepted():
    index = wanted(digests=frozenset({"sha256:" + "1" * 64, DIGEST}))

    assert judge(observation(), index, at(10)).verdict is Verdict.SUCCEEDED


def test_a_node_that_hides_the_digest_is_unknown_in_the_end_never_success():
    hidden = observation(pod("web-1"), pod("web-2", container(image_id="sha256:" + "c" * 64)))

    assert judge(hidden, wanted(), at(10)).reason == "digest_unknown"
    assert judge(hidden, wanted(), at(900)).verdict is Verdict.UNKNOWN


def test_our_own_deadline_times_out_and_says_what_is_missing():
    slow = observation(pod("web-1"), pod("web-2", container(ready=False)), of=starting(progress_deadline_seconds=None))

    judgement = judge(slow, wanted(), at(900))

    assert (judgement.verdict, judgement.reason) == (Verdict.TIMED_OUT, "deadline")
    why = "container `web` runs and never became ready (pod `web-2`)"
    assert judgement.sentence == f"not finished after 15 min: 1 of 2 new pods ready; {why}"


def test_a_pod_that_never_gets_ready_is_the_cause_not_the_one_that_waits_for_it():
    first = starting(progress_deadline_seconds=None, updated_replicas=1, status_replicas=3)
    slow = observation(pod("web-1", container(ready=False)), old_pod("old-1"), old_pod("old-2"), of=first)

    early, late = judge(slow, wanted(), at(10)), judge(slow, wanted(), at(900))

    assert (early.verdict, early.reason, early.findings) == (None, "pods_starting", ())
    assert late.verdict is Verdict.TIMED_OUT
    assert "created" not in late.sentence
    assert late.sentence.endswith("0 of 2 new pods ready; container `web` runs and never became ready (pod `web-1`)")
    assert [(each.reason, each.pod, each.container) for each in late.findings] == [("not_ready", "web-1", "web")]


def test_a_pod_whose_container_does_not_run_yet_does_not_explain_the_missing_one():
    first = starting(updated_replicas=1, status_replicas=3)
    seen = observation(pod("web-1", stuck("ContainerCreating")), old_pod(), of=first)

    assert judge(seen, wanted(), at(10)).reason == "pods_creating"


def test_a_controller_that_never_answers_times_out_too():
    silent = observation(of=workload(observed_generation=1))

    assert judge(silent, wanted(), at(900)).verdict is Verdict.TIMED_OUT


def test_a_finished_rollout_is_success_even_after_the_deadline():
    assert judge(observation(), wanted(), at(5000)).verdict is Verdict.SUCCEEDED


SOAK = wanted(soak=at(30) - at(0))


def test_success_waits_for_the_soak_from_the_look_that_found_all_complete():
    calm = observation(pod("web-1", ready_at=3), pod("web-2", ready_at=5))
    known = replace(SOAK, complete_at=at(10))

    first = judge(calm, SOAK, at(10))

    assert (first.reason, first.sentence) == ("soaking", judge(calm, known, at(39)).sentence)
    assert judge(calm, known, at(39)).reason == "soaking"
    assert judge(calm, known, at(40)).verdict is Verdict.SUCCEEDED


@pytest.mark.parametrize("ahead", [-720, -20, 0, 60, 900], ids=lambda seconds: f"{seconds} s")
def test_the_soak_is_as_long_with_a_clock_that_differs(ahead):
    """`ahead`: how much earlier the cluster's clock is than ours."""
    calm = observation(pod("web-1", ready_at=10 - ahead), pod("web-2", ready_at=10 - ahead))
    known = replace(SOAK, complete_at=at(11), deadline=at(60))

    assert judge(calm, SOAK, at(11)).reason == "soaking"
    assert judge(calm, known, at(40)).reason == "soaking"
    assert judge(calm, known, at(41)).verdict is Verdict.SUCCEEDED


def test_a_soak_that_began_in_time_outlives_the_deadline():
    late = observation(pod("web-1", ready_at=35), pod("web-2", ready_at=35))
    soaking = replace(SOAK, deadline=at(40))

    assert judge(late, soaking, at(69)).reason == "soaking"
    assert judge(late, replace(soaking, complete_at=at(69)), at(98)).reason == "soaking"
    assert judge(late, replace(soaking, complete_at=at(69)), at(99)).verdict is Verdict.SUCCEEDED


def test_what_nobody_looked_at_in_time_is_judged_by_the_clusters_times():
    soaking = replace(SOAK, deadline=at(40))
    calm = observation(pod("web-1", ready_at=35), pod("web-2", ready_at=35))
    flapping = observation(pod("web-1", ready_at=69), pod("web-2", ready_at=35))

    assert judge(calm, soaking, at(70)).verdict is Verdict.SUCCEEDED
    assert judge(flapping, soaking, at(70)).verdict is Verdict.TIMED_OUT


def test_a_crash_loop_fails_with_the_code_and_how_many_pods():
    crashing = container(ready=False, running=False, terminated=ended(3), last_terminated=ended(3), restarts=1)
    seen = observation(pod("web-1", crashing), pod("web-2", crashing), old_pod(), of=starting(status_replicas=3))

    judgement = judge(seen, wanted(), at(4))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "crash_loop")
    assert judgement.sentence == "container `web` exits with code 3 right after start, in 2 of 2 new pods"
    assert [each.exit_code for each in judgement.findings] == [3, 3]


def test_one_doomed_pod_does_not_fail_what_still_makes_progress():
    missing = stuck("ErrImagePull", "not found", waiting_since=at(2))
    seen = observation(pod("web-1", missing), pod("web-2", ready_at=6), of=starting())

    judgement = judge(seen, wanted(), at(8))

    assert judgement.verdict is None
    assert [each.reason for each in judgement.findings] == ["image_not_found"]


def test_one_doomed_pod_fails_when_none_became_ready_since():
    missing = stuck("ErrImagePull", "not found", waiting_since=at(7))
    seen = observation(pod("web-1", missing), pod("web-2", ready_at=6), of=starting())

    judgement = judge(seen, wanted(), at(8))

    assert judgement.verdict is Verdict.FAILED
    assert judgement.sentence.endswith("in 1 of 2 new pods")


def test_old_pods_are_never_diagnosed():
    broken = replace(old_pod(), containers=(stuck("ErrImagePull", "not found"),))
    seen = observation(pod("web-1", container(ready=False)), broken, of=starting())

    assert judge(seen, wanted(), at(8)).findings == ()


def test_a_time_out_says_the_likely_reason():
    pulling = stuck("ErrImagePull", "dial tcp: connection refused", waiting_since=at(850))
    slow = observation(pod("web-1", pulling), pod("web-2", pulling), of=starting(progress_deadline_seconds=None))

    judgement = judge(slow, wanted(), at(900))

    assert judgement.verdict is Verdict.TIMED_OUT
    assert "registry does not answer" in judgement.sentence


def test_the_controllers_completion_must_be_true():
    odd = workload(conditions=(replace(complete(), status="Unknown"),))

    assert judge(observation(of=odd), wanted(), at(10)).reason == "controller_finishing"


def stopping(stops_by=40.0, **changes):
    return replace(old_pod(), terminating=True, stops_by=at(stops_by), **changes)


def with_stopping(*old):
    return observation(pod("web-1"), pod("web-2"), *old)


def test_success_waits_while_an_old_pod_that_stops_still_serves():
    assert judge(with_stopping(stopping()), wanted(), at(39)).reason == "old_pods_left"
    assert judge(with_stopping(stopping()), wanted(changed=False), at(39)).reason == "old_pods_left"
    assert judge(with_stopping(replace(stopping(), stops_by=None)), wanted(), at(39)).reason == "old_pods_left"
    assert judge(with_stopping(stopping()), SOAK, at(39)).reason == "soaking"


@pytest.mark.parametrize(
    "pods",
    [
        with_stopping(stopping(39)),
        with_stopping(stopping(ready=False)),
        with_stopping(stopping(owner_uid="uid-stranger")),
        with_stopping(replace(pod("web-3"), terminating=True, stops_by=at(40))),
    ],
    ids=["its time is over", "its containers have ended", "not ours", "of the new version"],
)
def test_a_pod_that_stops_and_does_not_serve_the_old_version_holds_nothing_up(pods):
    assert judge(pods, wanted(), at(39)).verdict is Verdict.SUCCEEDED


def test_a_pod_that_takes_longer_to_stop_than_the_rollout_may_is_no_failure():
    slow = with_stopping(stopping(5000))

    assert judge(slow, wanted(), at(899)).reason == "old_pods_left"
    assert judge(slow, wanted(), at(900)).verdict is Verdict.SUCCEEDED
