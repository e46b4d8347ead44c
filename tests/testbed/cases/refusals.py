"""Pods that the API server does not let in."""

from tests.testbed.cases.case import Case, Expected, Object

POLICY_API = "admissionregistration.k8s.io/v1"


def _quota(**hard: str) -> Object:
    limits = {key.replace("_", "."): value for key, value in hard.items()}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": limits}}


def _policy() -> tuple[Object, Object]:
    """Every container of the namespace needs a memory limit."""
    about = {"name": "NAMESPACE"}
    here = {"matchLabels": {"kubernetes.io/metadata.name": "NAMESPACE"}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    limited = "object.spec.containers.all(c, has(c.resources.limits) && 'memory' in c.resources.limits)"
    check = {"expression": limited, "message": "every container needs a memory limit"}
    spec = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [pods]}, "validations": [check]}
    binding = {
        "policyName": "NAMESPACE",
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": here},
    }
    return (
        {"apiVersion": POLICY_API, "kind": "ValidatingAdmissionPolicy", "metadata": about, "spec": spec},
        {"apiVersion": POLICY_API, "kind": "ValidatingAdmissionPolicyBinding", "metadata": about, "spec": binding},
    )


LIMITS: Object = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "team"},
    "spec": {"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]},
}


def _refused(reason: str, grace: str = "", *, within: float = 5) -> Expected:
    return Expected(verdict="failed", reason=reason, finding=reason, grace=grace, within=within)


REFUSALS = (
    Case(
        name="quota-exceeded",
        title="a quota that is used up, and no old pod has to go first",
        rules=(_quota(pods="2"),),
        refused=True,
        expected=_refused("quota_exceeded", "quota"),
    ),
    Case(
        name="quota-frees",
        title="a quota that is used up until an old pod goes: the cluster tries again, less and less often",
        spec={"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}},
        rules=(_quota(pods="2"),),
        refused=True,
        peers=False,
        expected=Expected(verdict="", reason="quota_exceeded", finding="quota_exceeded"),
    ),
    Case(
        name="quota-asks-for-requests",
        title="a quota that asks every pod for its requests",
        rules=(_quota(requests_cpu="4"),),
        refused=True,
        expected=_refused("quota_needs_requests"),
    ),
    Case(
        name="limit-range",
        title="more memory than the LimitRange allows",
        rules=(LIMITS,),
        container={"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "2Gi"}}},
        refused=True,
        expected=_refused("limit_range"),
    ),
    Case(
        name="pod-security",
        title="Pod Security `restricted`",
        labels={"pod-security.kubernetes.io/enforce": "restricted"},
        refused=True,
        expected=_refused("pod_security"),
    ),
    Case(
        name="missing-service-account",
        title="a service account that is not there",
        pod={"serviceAccountName": "ghost"},
        refused=True,
        expected=_refused("service_account_missing", "admission"),
    ),
    Case(
        name="admission-policy",
        title="an admission policy of the cluster that denies the pods",
        rules=_policy(),
        refused=True,
        expected=_refused("admission_denied", "admission"),
    ),
    Case(
        name="statefulset-pod-security",
        title="a StatefulSet under Pod Security `restricted`: an old pod stops first, and only events tell",
        kind="statefulset",
        labels={"pod-security.kubernetes.io/enforce": "restricted"},
        refused=True,
        expected=_refused("pod_security", within=8),
    ),
    Case(
        name="daemonset-pod-security",
        title="a DaemonSet under Pod Security `restricted`: an old pod stops first, and only events tell",
        kind="daemonset",
        labels={"pod-security.kubernetes.io/enforce": "restricted"},
        refused=True,
        expected=_refused("pod_security", within=8),
    ),
)
