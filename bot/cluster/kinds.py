"""What each kind of workload is in the API: where it lives, where its revisions are kept, how both are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.cluster.request import CONTROLLER_REVISIONS, DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, Resource
from bot.cluster.workload_objects import (
    ControllerRevisionObject,
    DaemonSetObject,
    DeploymentObject,
    ReplicaSetObject,
    StatefulSetObject,
)
from bot.domain.intent import Target
from bot.domain.workload import WorkloadKind
from bot.errors import RejectedError

WorkloadObject = DeploymentObject | StatefulSetObject | DaemonSetObject
RevisionObject = ReplicaSetObject | ControllerRevisionObject


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of workload and the kind its revisions are of."""

    resource: Resource
    type_: type[WorkloadObject]
    revisions: Resource
    revision_type: type[RevisionObject]


_KINDS: Mapping[WorkloadKind, Kind] = MappingProxyType(
    {
        WorkloadKind.DEPLOYMENT: Kind(DEPLOYMENTS, DeploymentObject, REPLICA_SETS, ReplicaSetObject),
        WorkloadKind.STATEFULSET: Kind(
            STATEFUL_SETS, StatefulSetObject, CONTROLLER_REVISIONS, ControllerRevisionObject
        ),
        WorkloadKind.DAEMONSET: Kind(DAEMON_SETS, DaemonSetObject, CONTROLLER_REVISIONS, ControllerRevisionObject),
    }
)


def kind_of(target: Target) -> Kind:
    """Raises `RejectedError` `kind_not_supported`."""
    try:
        return _KINDS[WorkloadKind(target.kind)]
    except ValueError:
        sentence = f"Workloads of kind `{target.kind}` are not supported."
        known = ", ".join(f"`{each}/<name>`" for each in _KINDS)
        raise RejectedError("kind_not_supported", sentence, hint=f"Use one of {known} in the catalog.") from None
