"""The few Kubernetes API calls that the test bed and its tests make, synchronous and on the standard library.

Apart from the bot's own client on purpose: a test must not believe the code it tests.
"""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
Object = dict[str, Any]
"""A Kubernetes object as JSON; its shape is the API's."""


class ApiError(RuntimeError):
    """The API server said no; `status` is its HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text[:500]}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Api:
    """One cluster, as its administrator."""

    url: str
    token: str
    authority: Path

    @classmethod
    def of(cls, kubeconfig: Path) -> "Api":
        """The cluster that a kubeconfig of the test bed's leads to."""
        document = json.loads(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        return cls(cluster["server"], user["token"], Path(cluster["certificate-authority"]))

    def get(self, path: str) -> Object:
        answer: Object = json.loads(self.call("GET", path))
        return answer

    def items(self, path: str) -> list[Object]:
        found: list[Object] = self.get(path)["items"]
        return found

    def create(self, path: str, body: Object) -> Object:
        answer: Object = json.loads(self.call("POST", path, body))
        return answer

    def patch(self, path: str, body: object, kind: str = MERGE_PATCH) -> Object:
        answer: Object = json.loads(self.call("PATCH", path, body, kind))
        return answer

    def delete(self, path: str, *, grace_seconds: int = 0) -> None:
        """Deleting what is already gone is fine."""
        try:
            self.call("DELETE", path, {"gracePeriodSeconds": grace_seconds})
        except ApiError as error:
            if error.status != 404:
                raise

    def logs(self, namespace: str, pod: str, *, previous: bool = False) -> str:
        return self.call("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log?previous={str(previous).lower()}")

    def is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz", seconds=2).strip() == "ok"
        except (ApiError, OSError):
            return False

    def call(
        self, method: str, path: str, body: object = None, kind: str = "application/json", *, seconds: float = 15
    ) -> str:
        """The answer's text. Raises `ApiError`, or `OSError` when nobody answers."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Accept": "application/json, */*"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - only ever http(s) to loopback
        context = ssl.create_default_context(cafile=str(self.authority))
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with direct.open(request, timeout=seconds) as answer:
                text: str = answer.read().decode()
                return text
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode(errors="replace")) from error
