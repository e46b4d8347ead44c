"""The verdict on StatefulSets and DaemonSets: pods by ordinal and by node, with no deadline but ours."""

from dataclasses import replace

import pytest

from bot.domain.graces import DEFAULT_GRACES
from bot.domain.stuck import stuck_pods
from bot.domain.verdict import Verdict, judge
from bot.domain.workload import Condition
from tests.unit.domain.rollouts import (
    NEW,
    OLD,
    OLD_DIGEST,
    at,
    container,
    controller_revision,
    daemon_set,
    deadline_exceeded,
    ended,
    member,
    members,
    seen,
    stateful_set,
    stuck,
    wanted,
    workload,
)

KINDS = pytest.mark.parametrize("of", [stateful_set(), daemon_set()], ids=lambda of: of.kind)


def look(observation, now=10, **wishes):
    judgement = judge(observation, wanted(**wishes), at(now))
    return judgement.verdict, judgement.reason


@KINDS
def test_all_pods_of_the_new_version_ready_is_success(of):
    judgement = judge(seen(of, *members()), wanted(), at(10))

    assert (judgement.verdict, judgement.progress) == (Verdict.SUCCEEDED, "3 of 3 new pods ready")
    assert look(seen(of, *members()), changed=False) == (Verdict.NO_CHANGE, "no_change")


@KINDS
@pytest.mark.parametrize("observed", [None, 0, 1])
def test_the_controller_has_to_have_seen_the_change(of, observed):
    assert look(seen(replace(of, observed_generation=observed), *members())) == (None, "controller_pending")


@KINDS
def test_the_new_revision_has_to_be_there(of):
    early = replace(seen(of, *members()), revisions=(controller_revision(OLD),))

    assert look(early) == (None, "revision_pending")


@KINDS
def test_an_old_pod_blocks_whatever_the_counts_say(of):
    assert look(seen(of, *members(old=1))) == (None, "pods_creating")
    assert look(seen(of, *members(), member(3, revision=OLD))) == (None, "old_pods_left")


@KINDS
def test_a_new_pod_that_is_not_ready_is_the_cause(of):
    pods = (member(0, revision=OLD), member(1, container(ready=False)), member(2))

    judgement = judge(seen(of, *pods), wanted(), at(10))

    assert (judgement.verdict, judgement.reason, judgement.sentence) == (None, "pods_starting", "1 of 3 new pods ready")


@pytest.mark.parametrize(
    "of",
    [
        stateful_set(ready_replicas=2),
        stateful_set(status_replicas=4),
        daemon_set(updated_replicas=2),
        daemon_set(available_replicas=2),
    ],
)
def test_the_controllers_counts_must_hold_too(of):
    assert look(seen(of, *members())) == (None, "controller_finishing")


def test_a_stateful_sets_updated_count_and_revision_fields_prove_nothing():
    lying = stateful_set(updated_replicas=3)
    honest = stateful_set(updated_replicas=0)

    assert look(seen(lying, *members(old=2))) == (None, "pods_creating")
    assert look(seen(honest, *members()))[0] is Verdict.SUCCEEDED


def test_a_pod_beside_the_ordinals_does_not_stand_for_a_missing_one():
    assert look(seen(stateful_set(), member(1), member(2), member(3))) == (None, "pods_creating")


def test_ordinals_may_begin_anywhere():
    shifted = stateful_set(first_ordinal=5)

    assert look(seen(shifted, member(5), member(6), member(7)))[0] is Verdict.SUCCEEDED
    assert look(seen(replace(shifted, partition=1), member(5, revision=OLD), member(6), member(7))) == (
        Verdict.NEUTRAL,
        "partition",
    )


@KINDS
@pytest.mark.parametrize("condition", [deadline_exceeded(f'"{NEW}" has timed out')])
def test_there_is_no_deadline_but_ours(of, condition):
    odd = replace(of, conditions=(condition,), progress_deadline_seconds=10)
    pods = (member(0, revision=OLD), member(1, container(ready=False)), member(2))

    assert look(seen(odd, *pods), now=800) == (None, "pods_starting")
    assert look(seen(odd, *pods), now=900) == (Verdict.TIMED_OUT, "deadline")


def test_the_deadline_of_a_daemon_set_says_how_many_nodes_lag():
    one = seen(daemon_set(), member(0), member(1), member(2, container(ready=False)))
    two = seen(daemon_set(), member(0), member(1, revision=OLD), member(2, revision=OLD))

    assert "2 of 3 new pods ready, 1 node lags behind; container" in judge(one, wanted(), at(900)).sentence
    assert judge(two, wanted(), at(900)).sentence.endswith("1 of 3 new pods created, 2 nodes lag behind")


@KINDS
def test_nothing_to_run_is_neutral(of):
    none = replace(of, replicas=0, status_replicas=0)
    reason = "no_nodes" if of.kind == "daemonset" else "zero_replicas"

    assert look(seen(none)) == (Verdict.NEUTRAL, reason)
    assert look(seen(none, member(0, revision=OLD))) == (None, "scaling_to_zero")


@KINDS
def test_on_delete_ends_neutral_with_the_command_while_old_pods_are_left(of):
    waiting = replace(of, on_delete=True)

    judgement = judge(seen(waiting, *members(old=2)), wanted(soak=at(30) - at(0)), at(1))

    assert (judgement.verdict, judgement.reason) == (Verdict.NEUTRAL, "on_delete")
    assert "`kubectl -n team-a delete pod web-1 web-0`" in judgement.sentence
    assert look(seen(waiting, *members()))[0] is Verdict.SUCCEEDED


def test_on_delete_names_five_pods_and_counts_the_rest():
    many = stateful_set(on_delete=True, replicas=7)

    sentence = judge(seen(many, *members(old=7, of=7)), wanted(), at(1)).sentence

    assert sentence.endswith("`kubectl -n team-a delete pod web-6 web-5 web-4 web-3 web-2`, and 2 more")


def test_a_partition_ends_neutral_once_those_above_it_held():
    parted = stateful_set(partition=1)
    soak = at(30) - at(0)

    assert look(seen(parted, *members(old=1)), soak=soak) == (None, "soaking")
    judgement = judge(seen(parted, *members(old=1)), wanted(soak=soak, complete_at=at(10)), at(40))
    assert (judgement.verdict, judgement.reason) == (Verdict.NEUTRAL, "partition")
    assert judgement.sentence == (
        "2 of 2 new pods ready; the update's partition leaves the other one on the version before (`partition: 1`)"
    )


def test_a_partition_waits_for_those_above_it():
    assert look(seen(stateful_set(partition=1), *members(old=2))) == (None, "pods_creating")
    assert look(seen(stateful_set(partition=1, ready_replicas=2), *members(old=1))) == (None, "controller_finishing")


@pytest.mark.parametrize("partition", [3, 9])
def test_a_partition_above_every_pod_is_neutral_at_once(partition):
    of = stateful_set(partition=partition)

    assert look(seen(of, *members(old=3)), now=1) == (Verdict.NEUTRAL, "partition")
    assert look(seen(of, *members()), changed=False) == (Verdict.NO_CHANGE, "no_change")


def test_a_partition_above_every_pod_is_not_green_while_none_is_there():
    assert look(seen(stateful_set(partition=3)), changed=False) == (None, "controller_finishing")


def test_a_partition_that_leaves_nothing_old_is_success():
    assert look(seen(stateful_set(partition=1), *members()))[0] is Verdict.SUCCEEDED


@KINDS
def test_any_doomed_new_pod_is_the_end_when_no_other_became_ready_since(of):
    missing = stuck("ErrImagePull", "not found", waiting_since=at(5))
    pods = (member(0, revision=OLD), member(1, missing), member(2))

    judgement = judge(seen(of, *pods), wanted(), at(6))

    assert (judgement.verdict, judgement.reason) == (Verdict.FAILED, "image_not_found")
    assert judgement.sentence.endswith(", in 1 of 2 new pods")


@KINDS
def test_another_digest_fails(of):
    wrong = member(2, container(image_id=f"r@{OLD_DIGEST}"))

    assert look(seen(of, *members(old=2)[:2], wrong)) == (Verdict.FAILED, "digest_mismatch")


def broken(ordinal=1, seconds=1, **changes):
    """A pod of the other version whose image is missing since then."""
    ready = Condition(type="Ready", status="False", changed_at=at(seconds))
    cause = stuck("ErrImagePull", changes.pop("message", "not found"), waiting_since=at(seconds))
    return member(ordinal, cause, revision=OLD, conditions=(ready,), **changes)


def test_a_broken_pod_of_another_version_is_told_with_the_command_that_frees_the_update():
    trapped = seen(stateful_set(), member(0, revision=OLD), member(1, revision=OLD), broken(2))

    judgement = judge(trapped, wanted(), at(5))

    assert (judgement.verdict, judgement.reason) == (None, "stuck_pod")
    assert judgement.sentence == (
        "0 of 3 new pods created; a pod of another version is broken and holds back the update: "
        "the node can't find the image of container `web` (pod `web-2`)"
    )
    [finding] = judgement.findings
    assert "`kubectl -n team-a delete pod web-2`" in finding.next_step
    assert (finding.fatal, finding.told, finding.container) == (False, True, "web")
    assert judge(trapped, wanted(), at(900)).verdict is Verdict.TIMED_OUT


def deletable(trapped, now):
    return [pod.name for pod in stuck_pods(trapped, trapped.new_revision, DEFAULT_GRACES, at(now))]


def test_a_pod_that_only_waits_is_told_after_half_a_minute_and_deleted_once_it_is_doomed():
    slow = broken(0, seconds=10, message="i/o timeout")
    trapped = seen(stateful_set(), slow, member(1), member(2))

    assert look(trapped, now=39) == (None, "pods_creating")
    assert look(trapped, now=40) == (None, "stuck_pod")
    assert deletable(trapped, 189) == []
    assert deletable(trapped, 190) == ["web-0"]


def test_a_good_release_that_takes_its_time_is_left_to_people():
    lost = Condition(type="Ready", status="False", changed_at=at(10))
    earlier = container(image_id=f"r@{OLD_DIGEST}", ready=False, restarts=5, last_terminated=ended(1, until=-900))
    syncing = member(0, earlier, revision=OLD, conditions=(lost,))
    trapped = seen(stateful_set(), syncing, member(1), member(2))

    judgement = judge(trapped, wanted(), at(600))

    [finding] = judgement.findings
    assert judgement.reason == "stuck_pod"
    assert "is not ready and holds back" in finding.sentence
    assert finding.next_step.startswith("If it does not become ready by itself, delete it")
    assert "`kubectl -n team-a delete pod web-0`" in finding.next_step
    assert deletable(trapped, 600) == []


def test_a_pod_that_no_node_takes_is_deleted_when_its_grace_is_over():
    nowhere = Condition(type="PodScheduled", status="False", reason="Unschedulable", changed_at=at(1))
    waiting = replace(member(2, revision=OLD), ready=False, containers=(), conditions=(nowhere,))
    trapped = seen(stateful_set(), member(0, revision=OLD), member(1, revision=OLD), waiting)

    assert deletable(trapped, 300) == []
    assert deletable(trapped, 301) == ["web-2"]


@pytest.mark.parametrize(
    ("of", "pod"),
    [
        (stateful_set(parallel=True), broken()),
        (stateful_set(on_delete=True), broken()),
        (stateful_set(partition=2), broken()),
        (stateful_set(), broken(terminating=True)),
        (stateful_set(), broken(reason="NodeLost")),
        (stateful_set(), replace(broken(), revision=NEW)),
        (stateful_set(), member(1, revision=OLD)),
        (daemon_set(), broken()),
        (workload(revision=NEW), broken()),
    ],
    ids=["parallel", "on delete", "kept", "stopping", "node lost", "new", "ready", "daemon set", "deployment"],
)
def test_a_pod_that_holds_nothing_back_or_is_not_broken_is_not_stuck(of, pod):
    free = seen(of, pod)

    assert stuck_pods(free, free.new_revision, DEFAULT_GRACES, at(500)) == ()
