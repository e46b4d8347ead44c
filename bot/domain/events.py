"""What the cluster said about an object: the newest of a reason, however often and in whatever order it was said."""

import re
from dataclasses import replace

from bot.domain.workload import Event, Observation

SCALE_UPS = ("TriggeredScaleUp", "Nominated")
"""A node is on its way for the pod: the cluster autoscaler's word, and Karpenter's."""
VOLUMES = ("FailedMount", "FailedAttachVolume")
_COMBINED = re.compile(r"^\(combined from similar events\):\s*")


def latest(observation: Observation, uid: str, *reasons: str, says: str = "") -> Event | None:
    """The newest event about one object of one of these reasons whose message has these words; None if there is none.

    After ten alike the API server's clients combine them: the message then names one example of many.
    """
    for event in observation.events_of(uid):
        message = _COMBINED.sub("", event.message)
        if event.reason in reasons and says in message:
            return replace(event, message=message)
    return None


def latest_failure(observation: Observation, uid: str) -> Event | None:
    """The newest warning that the node could not do something for a pod; other warnings hold nothing up."""
    reasons = {event.reason for event in observation.events_of(uid) if event.warning and _is_failure(event.reason)}
    return latest(observation, uid, *reasons)


def _is_failure(reason: str) -> bool:
    return reason == "NetworkNotReady" or (reason.startswith("Failed") and reason != "FailedScheduling")
