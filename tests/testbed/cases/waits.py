"""Pods that wait for something that does not come."""

from tests.testbed.cases.case import Case, Expected, Object


def _env(source: Object) -> Object:
    return {"env": [{"name": "SETTING", "valueFrom": source}]}


WAITS = (
    Case(
        name="missing-config-map",
        title="a ConfigMap that is not there",
        container=_env({"configMapKeyRef": {"name": "ghost", "key": "setting"}}),
        expected=Expected(verdict="failed", reason="container_config", finding="container_config", grace="config"),
    ),
    Case(
        name="missing-secret-key",
        title="a Secret without the key",
        rules=({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "half"}, "stringData": {"other": "x"}},),
        container=_env({"secretKeyRef": {"name": "half", "key": "setting"}}),
        expected=Expected(verdict="failed", reason="container_config", finding="container_config", grace="config"),
    ),
    Case(
        name="missing-secret-volume",
        title="a volume of a Secret that is not there",
        container={"volumeMounts": [{"name": "keys", "mountPath": "/keys"}]},
        pod={"volumes": [{"name": "keys", "secret": {"secretName": "ghost"}}]},
        spec={"progressDeadlineSeconds": 10},
        expected=Expected(verdict="failed", reason="progress_deadline_exceeded", within=13),
    ),
    Case(
        name="never-ready",
        title="a readiness probe that fails",
        image="never-ready",
        spec={"progressDeadlineSeconds": 10},
        expected=Expected(verdict="failed", reason="progress_deadline_exceeded", within=13),
    ),
    Case(
        name="unschedulable",
        title="more CPU than any node has",
        container={"resources": {"requests": {"cpu": "1000"}}},
        expected=Expected(verdict="failed", reason="unschedulable", finding="unschedulable", grace="scheduling"),
    ),
)
