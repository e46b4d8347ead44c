"""The log of a container, and the kubelet's sentences when there is none."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.cluster.answers import bad_request
from sandbox.cluster.documents import Obj, name_of
from sandbox.cluster.node.podstatus import ContainerReport


def read(pod: Obj, reports: list[ContainerReport], values: Mapping[str, str]) -> str:
    """The text for `pods/log`; raises `ApiError` 400 in the words of kubelet_pods.go, validateContainerLogStatus."""
    report = _chosen(pod, reports, values.get("container", ""))
    previous = values.get("previous", "") in {"1", "t", "T", "true", "TRUE", "True"}
    if previous and report.last_state and "terminated" in report.state:
        # The kubelet keeps one dead container: when this run has ended too, the log before it is gone.
        return f"unable to retrieve container logs for {report.last_state['terminated'].get('containerID', '')}"
    lines = _previous(pod, report) if previous else _current(pod, report)
    if values.get("tailLines"):
        count = int(values["tailLines"])
        lines = lines[-count:] if count else []
    text = "".join(f"{line}\n" for line in lines)
    return text[: int(values["limitBytes"])] if values.get("limitBytes") else text


def _chosen(pod: Obj, reports: list[ContainerReport], wanted: str) -> ContainerReport:
    names = [spec["name"] for spec in pod["spec"]["containers"]]
    early = [spec["name"] for spec in pod["spec"].get("initContainers", [])]
    if not wanted and len(names) > 1:
        text = f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(names)}]"
        raise bad_request(text + (f" or one of the init containers: [{' '.join(early)}]" if early else ""))
    wanted = wanted or names[0]
    if wanted not in [*names, *early]:
        raise bad_request(f"container {wanted} is not valid for pod {name_of(pod)}")
    found = next((report for report in reports if report.name == wanted), None)
    if found is None:
        raise bad_request(f'container "{wanted}" in pod "{name_of(pod)}" is not available')
    return found


def _previous(pod: Obj, report: ContainerReport) -> list[str]:
    if not report.last_state:
        raise bad_request(f'previous terminated container "{report.name}" in pod "{name_of(pod)}" not found')
    return report.log if "waiting" in report.state else report.previous_log or []


def _current(pod: Obj, report: ContainerReport) -> list[str]:
    if "waiting" not in report.state or report.last_state:
        return report.log
    why = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
    reason = report.state["waiting"].get("reason", "")
    text = f'container "{report.name}" in pod "{name_of(pod)}" is waiting to start: {why.get(reason, reason)}'
    raise bad_request(text)
