"""Plays a case on a cluster, step by step: whoever watches it (Greenlane, kubectl, helm) comes in between."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.testbed.api import Api, ApiError
from tests.testbed.bed import TestBed
from tests.testbed.cases.case import Act, Case, Moment, Object
from tests.testbed.cases.manifests import NAME, Version, change, manifest, merged, replaced
from tests.testbed.cases.pictures import Picture, Registries, make_pictures
from tests.testbed.cases.progress import is_complete, is_stuck, new_pods
from tests.testbed.processes import wait_until

PATIENCE = 60.0
_CLUSTER_WIDE = frozenset({"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """What the API server answered to the change."""

    workload: Object
    digest: str
    """Of the new image; empty where it does not exist."""
    at: datetime

    @property
    def image(self) -> str:
        image: str = self.workload["spec"]["template"]["spec"]["containers"][0]["image"]
        return image


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One case in one namespace of its own. Every call blocks; the waits raise `TestBedError` at their deadline."""

    case: Case
    bed: TestBed
    namespace: str
    pictures: dict[str, Picture]

    def prepare(self) -> None:
        """Everything until the change: version 1 complete, then rules, labels, `then` and the detour."""
        self.start_first()
        self.lay_rules()
        self.take_detour()

    def start_first(self) -> None:
        """Create version 1 and wait until it is complete."""
        self._api.create(f"{self._collection}?fieldManager=kubectl-create", self.manifest("v1"))
        wait_until(self.is_complete, seconds=PATIENCE, what=f"{self.case.name}: version 1")

    def lay_rules(self) -> None:
        """Make the case's objects and labels, and wait until they work."""
        case = self.case
        if case.labels:
            self._api.patch(f"/api/v1/namespaces/{self.namespace}", {"metadata": {"labels": dict(case.labels)}})
        for rule in case.rules:
            body = replaced(rule, {"NAMESPACE": self.namespace})
            self._api.create(_place(body, self.namespace), body)
        if case.then:
            self.patch({"spec": case.then}, "kubectl-edit")
            wait_until(self._then_is_seen, seconds=PATIENCE, what=f"{case.name}: what came after version 1")
        if case.refused:
            wait_until(self._is_refused, seconds=PATIENCE, what=f"{case.name}: the refusal")

    def take_detour(self) -> None:
        """Roll out the version before the change, if there is one, and wait until it is stuck."""
        if self.case.detour:
            self.patch(self.change_body("detour"), "earlier")
            wait_until(self._detour_is_stuck, seconds=PATIENCE, what=f"{self.case.name}: the detour's end")

    def change(self) -> Changed:
        """Patch the workload to version 2."""
        at = datetime.now(UTC)
        workload = self.patch(self.change_body("v2"), "greenlane")
        return Changed(workload=workload, digest=self.pictures["v1" if self.case.same else "v2"].digest, at=at)

    def interfere(self) -> None:
        """Do what the case's other people do, each at their moment."""
        for act in self.case.acts:
            self._await_moment(act.when)
            self._do(act)

    def manifest(self, version: Version) -> Object:
        """The whole workload, for `kubectl apply` or a chart."""
        return manifest(self.case, version, self._images)

    def change_body(self, version: Version) -> Object:
        return change(self.case, version, self._images)

    def patch(self, body: Object, manager: str) -> Object:
        """Merge-patch the workload in somebody's name."""
        return self._api.patch(f"{self.path}?fieldManager={manager}", body)

    def workload(self) -> Object | None:
        """None when it is gone."""
        try:
            return self._api.get(self.path)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def pods(self) -> list[Object]:
        return self._api.items(f"/api/v1/namespaces/{self.namespace}/pods")

    def is_complete(self) -> bool:
        found = self.workload()
        return found is not None and is_complete(found)

    def has_come(self, moment: Moment) -> bool:
        """Whether that moment of the rollout to version 2 is there."""
        match moment:
            case "at-once":
                return True
            case "new-pod":
                return bool(self._new_pods())
            case "stuck":
                return any(map(is_stuck, self._new_pods()))
            case _:
                return self.is_complete()

    @property
    def path(self) -> str:
        """The workload's own."""
        return f"{self._collection}/{NAME}"

    @property
    def _api(self) -> Api:
        return self.bed.api

    @property
    def _collection(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/{self.case.collection}"

    @property
    def _images(self) -> dict[str, str]:
        return {version: picture.reference for version, picture in self.pictures.items()}

    def _new_pods(self) -> list[Object]:
        return new_pods(self.pods(), self._images["v2"])

    def _await_moment(self, moment: Moment) -> None:
        wait_until(lambda: self.has_come(moment), seconds=PATIENCE, what=f"{moment} of {self.case.name}")

    def _do(self, act: Act) -> None:
        match act.do:
            case "patch":
                self.patch(replaced(act.patch, {"OTHER": self._images["other"]}), "kubectl-edit")
            case "delete" | "recreate":
                self._api.delete(self.path)
                wait_until(lambda: self.workload() is None, seconds=PATIENCE, what="the workload's end")
                if act.do == "recreate":
                    self._api.create(f"{self._collection}?fieldManager=kubectl-create", self.manifest("v1"))
            case _:
                for pod in filter(is_stuck, self.pods()):
                    self._api.delete(f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}")

    def _detour_is_stuck(self) -> bool:
        pods = new_pods(self.pods(), self._images["detour"])
        deadline = self.case.spec.get("progressDeadlineSeconds")
        found = self.workload()
        conditions = found["status"].get("conditions", []) if found else []
        exceeded = any(each.get("reason") == "ProgressDeadlineExceeded" for each in conditions)
        return exceeded if deadline else any(map(is_stuck, pods))

    def _then_is_seen(self) -> bool:
        found = self.workload()
        if found is None or found["status"].get("observedGeneration", 0) < found["metadata"]["generation"]:
            return False
        return self.case.then.get("replicas") != 0 or not self.pods()

    def _is_refused(self) -> bool:
        """Whether such a pod would be refused now: what a quota has used is counted a moment later."""
        template = self.manifest("v2")["spec"]["template"]
        pod = merged(template, {"metadata": {"generateName": f"{NAME}-"}})
        try:
            self._api.create(f"/api/v1/namespaces/{self.namespace}/pods?dryRun=All", pod)
        except ApiError as error:
            return error.status in {403, 422}
        return False


@contextmanager
def staged(case: Case, bed: TestBed, denying: str) -> Iterator[Stage]:
    """A new namespace with the case's images pushed, and nothing in it yet; gone afterwards."""
    namespace = f"{case.name}-{uuid.uuid4().hex[:5]}"
    registries = Registries(real=bed.registry, denying=denying)
    pictures = make_pictures(case, f"{namespace}/{NAME}", registries)
    bed.new_namespace(namespace)
    try:
        yield Stage(case=case, bed=bed, namespace=namespace, pictures=pictures)
    finally:
        _end(case, bed, namespace)


def _end(case: Case, bed: TestBed, namespace: str) -> None:
    for rule in case.rules:
        body = replaced(rule, {"NAMESPACE": namespace})
        if body["kind"] in _CLUSTER_WIDE:
            bed.api.delete(f"{_place(body, namespace)}/{body['metadata']['name']}")
    bed.api.delete(f"/api/v1/namespaces/{namespace}")


def _place(body: Object, namespace: str) -> str:
    """Where objects of its kind are created."""
    version, plural = body["apiVersion"], f"{body['kind'].lower()}s".replace("policys", "policies")
    root = f"/api/{version}" if version == "v1" else f"/apis/{version}"
    return f"{root}/{plural}" if body["kind"] in _CLUSTER_WIDE else f"{root}/namespaces/{namespace}/{plural}"
