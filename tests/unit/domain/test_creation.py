"""Pods that the cluster refuses to create: why, whether waiting helps, and what to do."""

from dataclasses import replace

import pytest

from bot.domain.diagnosis import decisive, diagnose
from bot.domain.graces import Graces
from bot.domain.workload import Condition, Observation, WorkloadKind
from tests.unit.domain.rollouts import (
    NEW,
    OLD,
    OLD_IMAGE,
    UID,
    at,
    daemon_set,
    event,
    member,
    old_pod,
    replica_set,
    seen,
    starting,
    stateful_set,
)

FORBIDDEN = 'pods "web-x" is forbidden: '
QUOTA = "exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4"
HOPELESS = "exceeded quota: q, requested: memory=8Gi, used: memory=0, limited: memory=4Gi"
INVALID = (
    'Pod "web-x" is invalid: spec.containers[0].resources.requests: Invalid value: "2Gi": '
    "must be less than or equal to memory limit of 1Gi"
)
FAILED = 'create Pod web-2 in StatefulSet web failed error: pods "web-2" is forbidden: violates PodSecurity "x"'


def refused(message, *pods, now, changed=0.0, saw=None, **changes):
    condition = Condition(
        type="ReplicaFailure",
        status="True",
        reason="FailedCreate",
        message=message,
        changed_at=at(changed),
        seen_at=None if saw is None else at(saw),
    )
    failing = replica_set(NEW, conditions=(condition,))
    of = starting(**changes)
    return diagnose(Observation(workload=of, revisions=(failing, replica_set(OLD)), pods=pods), failing, now=at(now))


@pytest.mark.parametrize(
    ("message", "reason", "grace", "step"),
    [
        (
            FORBIDDEN + 'violates PodSecurity "restricted:latest": runAsNonRoot != true',
            "pod_security",
            0,
            "securityCon",
        ),
        (FORBIDDEN + "failed quota: q: must specify requests.cpu for: web", "quota_needs_requests", 0, "`resources`"),
        (
            INVALID,
            "limit_range",
            0,
            "`kubectl -n team-a describe limitrange`",
        ),
        (
            FORBIDDEN + "maximum cpu usage per Container is 500m, but limit is 1",
            "limit_range",
            0,
            "describe limitrange",
        ),
        ('Pod "web-x" is invalid: spec.hostname: Invalid value: "A"', "limit_range", 0, "what the message names"),
        (
            FORBIDDEN + 'error looking up service account team-a/ghost: serviceaccount "ghost" not found',
            "service_account_missing",
            30,
            "serviceAccountName",
        ),
        ('admission webhook "p.example" denied the request: exceeded quota: of fun', "admission_denied", 30, "rule"),
        ("ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no", "admission_denied", 30, "rule"),
        ('Internal error occurred: failed calling webhook "p.example": timeout', "pods_refused", 30, "message"),
        (FORBIDDEN + QUOTA, "quota_exceeded", 60, "`kubectl -n team-a describe quota`"),
        (FORBIDDEN + HOPELESS, "quota_exceeded", 0, "describe quota"),
    ],
)
def test_each_refusal_has_its_name_its_grace_and_its_next_step(message, reason, grace, step):
    [late] = refused(message, now=grace)

    assert (late.reason, late.fatal, late.told) == (reason, True, True)
    assert step in late.next_step
    assert late.evidence == message
    assert decisive([late], ()) == late
    if grace:
        [early] = refused(message, now=grace - 1)
        assert (early.fatal, early.told) == (False, True)


def test_a_full_quota_is_told_with_its_amounts():
    [finding] = refused(FORBIDDEN + QUOTA, now=1)

    assert finding.sentence.endswith("quota is used up, so no new pod is created (`pods`: 1 asked for, 4 of 4 used)")


@pytest.mark.parametrize(
    ("pods", "changes", "message", "fatal"),
    [
        ((old_pod(),), {"max_unavailable": 1}, QUOTA, False),
        ((old_pod(),), {"max_unavailable": 0}, QUOTA, True),
        ((), {"max_unavailable": 1}, QUOTA, True),
        ((old_pod(terminating=True),), {}, QUOTA, False),
        ((old_pod(),), {"max_unavailable": 1}, HOPELESS, True),
    ],
    ids=["old ones may go", "old ones stay", "no old one", "one is going", "never enough"],
)
def test_a_full_quota_is_hopeful_while_pods_of_the_app_may_free_some(pods, changes, message, fatal):
    [finding] = refused(message, *pods, now=300, **changes)

    assert finding.fatal is fatal


def test_a_stateful_set_stops_no_other_pod_to_make_room():
    full = event("FailedCreate", f"create Pod web-2 in StatefulSet web failed error: {QUOTA}", of=UID, at_second=2)
    look = seen(stateful_set(), member(0, revision=OLD), member(1, revision=OLD), events=(full,))

    [finding] = diagnose(look, look.new_revision, now=at(62))

    assert (finding.reason, finding.fatal) == ("quota_exceeded", True)


@pytest.mark.parametrize("of", [stateful_set(), daemon_set()], ids=lambda of: of.kind)
def test_the_other_kinds_say_it_in_events_about_themselves(of):
    refusal = event("FailedCreate", FAILED, of=UID, at_second=2)
    look = seen(of, events=(refusal, replace(refusal, object_uid="uid-other", message="other")))

    [finding] = diagnose(look, look.new_revision, patched_at=at(1), now=at(3))

    assert (finding.reason, finding.fatal, finding.pod) == ("pod_security", True, "")
    assert finding.evidence == FAILED


def test_an_event_from_before_the_patch_is_about_an_earlier_rollout():
    look = seen(stateful_set(), events=(event("FailedCreate", FAILED, of=UID, at_second=2),))

    assert diagnose(look, look.new_revision, patched_at=at(3.1), now=at(4)) == ()
    assert diagnose(look, look.new_revision, patched_at=at(3), now=at(4)) != ()


def test_a_refusal_that_began_before_the_patch_is_borne_from_the_patch_on():
    old = event("FailedCreate", "serviceaccount x not found", of=UID, first_at=at(-500), last_at=at(5))
    look = seen(stateful_set(), events=(old,))

    [finding] = diagnose(look, look.new_revision, patched_at=at(0), now=at(29))

    assert (finding.since, finding.fatal) == (at(0), False)


def test_a_pod_that_was_created_after_all_ends_its_refusal():
    refusal = event("FailedCreate", FAILED, of=UID, at_second=2)
    stateful = seen(stateful_set(), member(2, revision=OLD), events=(refusal,))
    daemons = seen(daemon_set(), member(7, created_at=at(2)), events=(refusal,))
    anew = replace(refusal, message="Error creating: no", last_at=at(9))

    assert diagnose(stateful, stateful.new_revision, now=at(4)) == ()
    assert diagnose(replace(daemons, events=(anew,)), daemons.new_revision, now=at(10)) != ()
    anew = replace(anew, last_at=at(2))
    assert diagnose(replace(daemons, events=(anew,)), daemons.new_revision, now=at(10)) == ()


def test_a_deployments_own_events_do_not_count_beside_its_condition():
    look = Observation(
        workload=starting(kind=WorkloadKind.DEPLOYMENT, images={"web": OLD_IMAGE}),
        revisions=(replica_set(NEW),),
        events=(event("FailedCreate", FAILED, of=UID),),
    )

    assert diagnose(look, look.revisions[0], now=at(100)) == ()


def test_the_graces_are_the_callers():
    refusal = event("FailedCreate", "serviceaccount x not found", of=UID, at_second=0)
    look = seen(stateful_set(), events=(refusal,))

    [finding] = diagnose(look, look.new_revision, graces=Graces(admission=at(90) - at(0)), now=at(89))

    assert not finding.fatal


@pytest.mark.parametrize("by", [-360, 0, 720], ids=lambda seconds: f"{seconds} s")
def test_a_refusals_grace_runs_by_our_own_clock_from_when_the_watch_saw_it(by):
    for message, grace in ((FORBIDDEN + "something else", 30), (FORBIDDEN + QUOTA, 60)):
        [early] = refused(message, now=10 + grace - 0.5, changed=9 + by, saw=10)
        [late] = refused(message, now=10 + grace, changed=9 + by, saw=10)

        assert (early.fatal, late.fatal) == (False, True)
