"""Since when the watch has seen things as they are, by the bot's own clock."""

from datetime import timedelta

import msgspec
import pytest

from bot.cluster.listwatch import Changed, Deleted, Sync
from bot.cluster.objects import PodObject
from bot.cluster.sightings import STOPPING, THERE, Sightings, condition, exit_of, waiting
from bot.cluster.workload_objects import ControllerRevisionObject, ReplicaSetObject
from tests.component.cluster.conftest import T0
from tests.component.cluster.objects import pod

LATER = T0 + timedelta(seconds=12)
WEB = waiting("web")
EXIT = exit_of("web")


def convert(raw, type_=PodObject):
    return msgspec.convert(raw, type=type_, strict=False)


def seen(*reasons):
    return Sync([convert(pod(f"p{index}", waiting=reason)) for index, reason in enumerate(reasons)])


def crashed(finished="2026-11-21T12:00:30Z"):
    raw = pod("p0")
    [status] = raw["status"]["containerStatuses"]
    status["lastState"] = {"terminated": {"exitCode": 3, "finishedAt": finished}} if finished else {}
    return convert(raw)


def readiness(status, reason=""):
    raw = pod("p0")
    raw["status"]["conditions"] = [{"type": "Ready", "status": status, "reason": reason}]
    return convert(raw)


def after(first, second):
    """What is remembered once both steps were taken, twelve seconds apart."""
    sightings = Sightings()
    sightings.pods.follow(first, T0)
    sightings.pods.follow(second, LATER)
    return sightings.since


def test_a_cause_that_stays_keeps_its_first_time():
    assert after(seen("ErrImagePull"), seen("ImagePullBackOff"))("uid-p0", WEB) == T0


def test_another_cause_has_its_own_time():
    assert after(seen("ContainerCreating"), seen("ErrImagePull"))("uid-p0", WEB) == LATER


def test_what_runs_or_is_gone_is_forgotten():
    [_, gone] = seen("", "ErrImagePull").objects

    assert after(seen("ErrImagePull"), seen(""))("uid-p0", WEB) is None
    assert after(seen("", "ErrImagePull"), Deleted(gone))("uid-p1", WEB) is None
    assert after(seen("ErrImagePull", "ErrImagePull"), seen("ErrImagePull"))("uid-p1", WEB) is None


def test_an_exit_has_its_time_only_when_the_watch_saw_it_come():
    assert after(Sync([crashed(finished="")]), Changed(crashed()))("uid-p0", EXIT) == LATER
    assert after(Sync([crashed()]), Changed(crashed()))("uid-p0", EXIT) is None
    assert after(Sync([crashed()]), Changed(crashed("2026-11-21T12:00:40Z")))("uid-p0", EXIT) == LATER
    assert after(Sync([crashed(finished="")]), Sync([crashed()]))("uid-p0", EXIT) == LATER


def test_a_pod_has_its_time_only_when_the_watch_saw_it_come():
    assert after(Sync([]), Changed(crashed()))("uid-p0", THERE) == LATER
    assert after(Sync([]), Sync([crashed()]))("uid-p0", THERE) == LATER
    assert after(Sync([crashed()]), Changed(crashed()))("uid-p0", THERE) is None


def test_readiness_has_the_time_of_its_status_whatever_the_reason():
    ready = condition("Ready")

    assert after(Changed(readiness("True")), Changed(readiness("False", "Why")))("uid-p0", ready) == LATER
    assert after(Changed(readiness("False")), Changed(readiness("False", "Why")))("uid-p0", ready) == T0


def test_a_pod_that_stops_has_the_time_it_was_first_seen_to():
    raw = pod("p0")
    raw["metadata"]["deletionTimestamp"] = "2026-11-21T12:01:00Z"

    assert after(Sync([crashed()]), Changed(convert(raw)))("uid-p0", STOPPING) == LATER
    assert after(Sync([convert(raw)]), Changed(convert(raw)))("uid-p0", STOPPING) == T0


@pytest.mark.parametrize("type_", [ReplicaSetObject, ControllerRevisionObject])
def test_only_a_replica_set_has_conditions(type_):
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    raw = {"metadata": {"name": "r", "uid": "r"}, "status": {"conditions": [failure]}}
    sightings = Sightings()

    sightings.revisions.follow(Sync([convert(raw, type_)]), T0)

    assert sightings.since("r", condition("ReplicaFailure")) == (T0 if type_ is ReplicaSetObject else None)
