"""A namespace of the scripted API server: where its lists are, and what is in them."""

from bot.cluster.kinds import kind_of
from bot.domain.intent import Target
from bot.domain.workload import WorkloadKind
from tests.component.cluster.api import ScriptedApi, items
from tests.component.cluster.objects import (
    controller_revision,
    daemon_set,
    deployment,
    pod,
    replica_set,
    stateful_set,
)

DEPLOYMENTS = "/apis/apps/v1/namespaces/team-a/deployments"
REPLICA_SETS = "/apis/apps/v1/namespaces/team-a/replicasets"
PODS = "/api/v1/namespaces/team-a/pods"
EVENTS = "/api/v1/namespaces/team-a/events"
ALL = (DEPLOYMENTS, REPLICA_SETS, PODS, EVENTS)
STATEFUL_SETS = "/apis/apps/v1/namespaces/team-a/statefulsets"
DAEMON_SETS = "/apis/apps/v1/namespaces/team-a/daemonsets"
CONTROLLER_REVISIONS = "/apis/apps/v1/namespaces/team-a/controllerrevisions"
KIND, STATEFUL, DAEMON = (
    kind_of(Target(namespace="team-a", kind=kind, name="web", container="web"))
    for kind in (WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFULSET, WorkloadKind.DAEMONSET)
)


def fill(api: ScriptedApi) -> None:
    """Deployments, pods and events: what is followed where a Deployment is looked at."""
    api.on("GET", DEPLOYMENTS, items(deployment()))
    api.on("GET", REPLICA_SETS, items(replica_set()))
    api.on("GET", PODS, items(pod("a")))
    api.on("GET", EVENTS, items())
    for path in ALL:
        api.on("WATCH", path, api.hold())


def fill_other_kinds(api: ScriptedApi) -> None:
    """A StatefulSet and a DaemonSet."""
    api.on("GET", STATEFUL_SETS, items(stateful_set()))
    api.on("GET", DAEMON_SETS, items(daemon_set()))
    api.on("GET", CONTROLLER_REVISIONS, items(controller_revision("db-new")))
    for path in (STATEFUL_SETS, DAEMON_SETS, CONTROLLER_REVISIONS):
        api.on("WATCH", path, api.hold())
