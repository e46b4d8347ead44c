"""What the cluster shows → findings: what is wrong, since when, whether it dooms the pod, what to do next.

A missing image is known after one second and a crash loop after two failed exits, long before Kubernetes gives up.
Whatever may heal by itself only explains, until its grace is over.
"""

from collections.abc import Iterable
from datetime import datetime

from bot.domain.creation import find_refusal
from bot.domain.finding import Finding, Look
from bot.domain.graces import DEFAULT_GRACES, Graces
from bot.domain.startup import findings_of
from bot.domain.stuck import find_stuck
from bot.domain.workload import Observation, Pod, Revision

__all__ = ["Finding", "decisive", "diagnose", "examine"]


def diagnose(
    observation: Observation,
    revision: Revision,
    *,
    graces: Graces = DEFAULT_GRACES,
    now: datetime,
    patched_at: datetime | None = None,
    container: str = "",
) -> tuple[Finding, ...]:
    """Findings about the new revision and its active pods, the gravest first, whatever the order of what was seen.

    Without `patched_at` events from before the rollout count too; `container` is the one that is deployed.
    """
    look = Look(
        observation=observation,
        revision=revision,
        graces=graces,
        now=now,
        patched_at=patched_at,
        container=container,
    )
    return examine(look)


def examine(look: Look) -> tuple[Finding, ...]:
    """As `diagnose`, from what is already in one place."""
    found = [finding for pod in look.observation.pods_of(look.revision) for finding in findings_of(look, pod)]
    found += find_stuck(look)
    refusal = find_refusal(look)
    return tuple(sorted([*found, refusal] if refusal else found, key=_gravity))


def decisive(findings: Iterable[Finding], pods: tuple[Pod, ...]) -> Finding | None:
    """The finding that ends the rollout, if one does.

    It ends when every new pod is doomed, or when one is and no other pod became ready since: for a stateful set, which
    goes pod by pod, and for a daemon set that is mostly the first one.
    """
    fatal = [each for each in findings if each.fatal]
    doomed = {each.pod for each in fatal}
    if fatal and pods and all(pod.name in doomed for pod in pods):
        return fatal[0]
    return next((each for each in fatal if not _progress_since(each, pods)), None)


def _gravity(finding: Finding) -> tuple[bool, bool, str, str, str]:
    return (not finding.fatal, not finding.told, finding.pod, finding.container, finding.reason)


def _progress_since(finding: Finding, pods: tuple[Pod, ...]) -> bool:
    others = [pod for pod in pods if pod.name != finding.pod and pod.ready]
    # Ready at an unknown time counts as progress: in doubt wait, the deadline still ends it.
    return any(pod.ready_at is None or pod.ready_at >= finding.since for pod in others)
