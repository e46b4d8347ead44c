"""The test bed below an end-to-end stage: real containers, and a bot with no more rights than docs/connect.md gives."""

import json
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.demo.realcluster import RealCluster
from tests.e2e.runner import JSON
from tests.e2e.scenery import Ground
from tests.testbed.bed import TestBed
from tests.testbed.build import IMAGES, built

CONNECT = Path(__file__).parents[2] / "docs" / "connect.md"
EXAMPLE = "payments-staging"
ACCOUNT = "greenlane"
"""The namespace and the account of the page's examples."""


@asynccontextmanager
async def real_ground(bed: TestBed, *apps: JSON) -> AsyncIterator[Ground]:
    """Ends with the namespaces, and the rights, that were made for it."""
    view = await RealCluster.connect(bed.kubeconfig)
    account = f"{ACCOUNT}-{uuid.uuid4().hex[:6]}"
    namespaces = [each["namespace"] for one in apps for each in one["environments"].values()]

    def let_in(kubeconfig: Path) -> None:
        for document in documented_rights(account, namespaces):
            bed.api.create(_collection(document), document)
        place = f"/api/v1/namespaces/{account}/serviceaccounts/{account}/token"
        token = bed.api.create(place, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
        own = json.loads(bed.kubeconfig.read_text())
        own["users"][0]["user"] = {"token": token}
        kubeconfig.write_text(json.dumps(own))

    try:
        yield Ground(view=view, let_in=let_in, binary=built(IMAGES) / "app")
    finally:
        await view.aclose()
        bed.api.delete(f"/api/v1/namespaces/{account}")
        for kind in ("clusterrolebindings", "clusterroles"):
            bed.api.delete(f"/apis/rbac.authorization.k8s.io/v1/{kind}/{account}")


def documented_rights(account: str, namespaces: list[str]) -> list[Any]:
    """What the page tells to apply: once for the cluster, and once in each of the catalog's namespaces."""
    chapter = CONNECT.read_text().partition("## 3. ")[2].partition("\n## 4. ")[0]
    once, each = re.findall(r"```yaml\n(.*?)```", chapter, re.DOTALL)
    texts = [once, *(each.replace(EXAMPLE, namespace) for namespace in namespaces)]
    return [document for text in texts for document in yaml.safe_load_all(text.replace(ACCOUNT, account))]


def _collection(document: Any) -> str:
    """Where objects of its kind and namespace are created."""
    version, about = document["apiVersion"], document["metadata"]
    root = f"/api/{version}" if version == "v1" else f"/apis/{version}"
    within = f"/namespaces/{about['namespace']}" if "namespace" in about else ""
    return f"{root}{within}/{document['kind'].lower()}s"
