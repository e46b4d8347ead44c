"""StatefulSets and DaemonSets."""

from tests.testbed.cases.case import Act, Case, Expected

SUCCEEDED = Expected(verdict="succeeded", reason="finished", within=15)

SETS = (
    Case(name="statefulset-good", title="a StatefulSet, good image", kind="statefulset", expected=SUCCEEDED),
    Case(
        name="statefulset-missing-tag",
        title="a StatefulSet, a tag that was never pushed",
        kind="statefulset",
        image="missing",
        expected=Expected(verdict="failed", reason="image_not_found", finding="image_not_found"),
    ),
    Case(
        name="statefulset-stuck",
        title="a StatefulSet that was put back, and its broken pod stays",
        kind="statefulset",
        detour="missing",
        same=True,
        peers=False,
        expected=Expected(verdict="", reason="stuck_pod", finding="stuck_pod"),
    ),
    Case(
        name="statefulset-healed",
        title="a StatefulSet that was put back, and somebody deletes the broken pod",
        kind="statefulset",
        detour="missing",
        same=True,
        acts=(Act(when="at-once", do="delete-stuck-pods"),),
        peers=False,
        expected=SUCCEEDED,
    ),
    Case(
        name="statefulset-partition",
        title="a StatefulSet of three with partition 2: one pod changes",
        kind="statefulset",
        replicas=3,
        spec={"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
        expected=Expected(verdict="neutral", reason="partition", within=15),
    ),
    Case(
        name="statefulset-on-delete",
        title="a StatefulSet whose pods change when they are deleted",
        kind="statefulset",
        spec={"updateStrategy": {"type": "OnDelete"}},
        expected=Expected(verdict="neutral", reason="on_delete"),
    ),
    Case(
        name="statefulset-crashing",
        title="a StatefulSet, exit code 3 right after start",
        kind="statefulset",
        image="crash-at-start",
        expected=Expected(verdict="failed", reason="crash_loop", finding="crash_loop"),
    ),
    Case(
        name="daemonset-good",
        title="a DaemonSet, good image",
        kind="daemonset",
        expected=SUCCEEDED,
    ),
    Case(
        name="daemonset-crashing",
        title="a DaemonSet, exit code 3 right after start",
        kind="daemonset",
        image="crash-at-start",
        expected=Expected(verdict="failed", reason="crash_loop", finding="crash_loop"),
    ),
    Case(
        name="daemonset-on-delete",
        title="a DaemonSet whose pods change when they are deleted",
        kind="daemonset",
        spec={"updateStrategy": {"type": "OnDelete"}},
        expected=Expected(verdict="neutral", reason="on_delete"),
    ),
    Case(
        name="daemonset-no-node",
        title="a DaemonSet that no node is chosen for",
        kind="daemonset",
        then={"template": {"spec": {"nodeSelector": {"nowhere": "true"}}}},
        expected=Expected(verdict="neutral", reason="no_nodes"),
    ),
)
