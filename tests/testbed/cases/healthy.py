"""Rollouts that end well, or in which nothing runs."""

from tests.testbed.cases.case import Case, Expected

SUCCEEDED = Expected(verdict="succeeded", reason="finished", within=12)
STATE = {"volumes": [{"name": "state", "emptyDir": {}}]}

HEALTHY = (
    Case(name="good", title="a good image, with a readiness probe", expected=SUCCEEDED),
    Case(name="good-without-probe", title="a good image, without a probe", probe=False, expected=SUCCEEDED),
    Case(
        name="slow-start",
        title="ready after ten seconds",
        image="slow",
        replicas=1,
        expected=Expected(verdict="succeeded", reason="finished", within=20),
    ),
    Case(
        name="crash-once",
        title="one crash before it is ready, then fine",
        image="crash-once",
        replicas=1,
        container={"volumeMounts": [{"name": "state", "mountPath": "/state"}]},
        pod=STATE,
        expected=SUCCEEDED,
    ),
    Case(
        name="same-image",
        title="the image that runs already",
        same=True,
        peers=False,
        expected=Expected(verdict="no_change", reason="no_change"),
    ),
    Case(
        name="zero-replicas",
        title="scaled to zero",
        then={"replicas": 0},
        expected=Expected(verdict="neutral", reason="zero_replicas"),
    ),
    Case(
        name="paused",
        title="a paused Deployment",
        then={"paused": True},
        expected=Expected(verdict="paused", reason="paused"),
    ),
    Case(
        name="stale-deadline",
        title="a good image after one that ran into the deadline: its condition is still there",
        detour="never-ready",
        spec={"progressDeadlineSeconds": 4},
        peers=False,
        expected=SUCCEEDED,
    ),
)
