"""Rollouts in which somebody else interferes."""

from tests.testbed.cases.case import Act, Case, Expected, Object

OTHER_IMAGE: Object = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "OTHER"}]}}}}

WRITERS = (
    Case(
        name="another-writer",
        title="somebody else sets the image in mid-rollout",
        image="slow",
        acts=(Act(when="new-pod", do="patch", patch=OTHER_IMAGE),),
        peers=False,
        expected=Expected(verdict="superseded", reason="another_writer"),
    ),
    Case(
        name="deleted",
        title="the workload is deleted in mid-rollout",
        image="slow",
        acts=(Act(when="new-pod", do="delete"),),
        peers=False,
        expected=Expected(verdict="failed", reason="workload_deleted"),
    ),
    Case(
        name="recreated",
        title="the workload is deleted and made anew in mid-rollout",
        image="slow",
        acts=(Act(when="new-pod", do="recreate"),),
        peers=False,
        expected=Expected(verdict="failed", reason="workload_recreated", or_reason="workload_deleted"),
    ),
    Case(
        name="scaled",
        title="an autoscaler changes the replicas in mid-rollout",
        spec={"strategy": {"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}},
        image="slow",
        acts=(Act(when="new-pod", do="patch", patch={"spec": {"replicas": 3}}),),
        peers=False,
        expected=Expected(verdict="succeeded", reason="finished", within=40),
    ),
    Case(
        name="paused-midway",
        title="somebody pauses the Deployment in mid-rollout",
        image="slow",
        acts=(Act(when="new-pod", do="patch", patch={"spec": {"paused": True}}),),
        peers=False,
        expected=Expected(verdict="paused", reason="paused"),
    ),
    Case(
        name="scaled-to-zero",
        title="somebody scales it to zero in mid-rollout",
        image="slow",
        acts=(Act(when="new-pod", do="patch", patch={"spec": {"replicas": 0}}),),
        peers=False,
        expected=Expected(verdict="neutral", reason="zero_replicas"),
    ),
)
