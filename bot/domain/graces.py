"""How long trouble that may heal by itself is borne before it ends a rollout: the platform team's word."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Graces:
    """One time for each kind of cause; zero means at once."""

    registry: timedelta = timedelta(seconds=180)
    """The registry does not answer the node as it should."""
    config: timedelta = timedelta(seconds=60)
    """A secret, a config map or a key is missing: an operator may still be making it."""
    start: timedelta = timedelta(seconds=10)
    """A container can't be started: the kubelet's first back-off, after which what stands was seen twice."""
    admission: timedelta = timedelta(seconds=30)
    """New pods are refused for a cause that may go away: a missing service account, a webhook."""
    quota: timedelta = timedelta(seconds=60)
    """The namespace's quota is used up, and nothing of this app's will free some."""
    scheduling: timedelta = timedelta(seconds=300)
    """No node takes the pod: one may still be added."""


DEFAULT_GRACES = Graces()
