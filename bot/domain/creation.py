"""New pods that the API server refuses to create → why, and whether waiting can heal it.

A Deployment's replica set keeps the refusal as a condition; the other kinds only say it in events about themselves.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.events import latest
from bot.domain.finding import Finding, Look, in_one_line
from bot.domain.graces import Graces
from bot.domain.quota import amounts_of, excesses
from bot.domain.workload import Workload, WorkloadKind, find_condition

_CLOCKS = timedelta(seconds=1)
"""Kubernetes writes full seconds."""
_NAMED = re.compile(r"create Pod (\S+) in StatefulSet")


@dataclass(frozen=True, slots=True)
class _Row:
    """A cause of refusals: how it is recognised, how long it may last, what to say."""

    code: str
    message: re.Pattern[str]
    grace: Callable[[Graces], timedelta]
    sentence: str
    next_step: str


@dataclass(frozen=True, slots=True)
class _Refusal:
    message: str
    since: datetime
    seen_at: datetime
    """Since when it counts, by our own clock where a watch says so."""


def _at_once(_: Graces) -> timedelta:
    return timedelta(0)


def _admission(graces: Graces) -> timedelta:
    return graces.admission


# In order: what a webhook says could be anything, so the rows that know who speaks come first.
_ROWS = (
    _Row(
        "admission_denied",
        re.compile(r"admission webhook \S+ denied the request|ValidatingAdmissionPolicy .* denied request"),
        _admission,
        "an admission rule of the cluster denies the new pods",
        "Do as the rule's words say, or ask the platform team about the rule.",
    ),
    _Row(
        "pod_security",
        re.compile(r"violates PodSecurity"),
        _at_once,
        "the namespace's Pod Security level forbids the new pods",
        "Set in the workload's `securityContext` what the message lists.",
    ),
    _Row(
        "quota_needs_requests",
        re.compile(r"failed quota: .*must specify"),
        _at_once,
        "the namespace's quota asks every container for requests or limits, and the new pods have none",
        "Set in the workload's `resources` what the message lists.",
    ),
    _Row(
        "limit_range",
        re.compile(
            r"(?:maximum|minimum) \S+ usage per |max limit to request ratio per |\.resources\.(?:requests|limits)\b"
        ),
        _at_once,
        "the new pods' resources do not fit the namespace's limit range",
        "Correct the workload's `resources`: `kubectl{namespace} describe limitrange` shows what is allowed.",
    ),
    _Row(
        "limit_range",
        re.compile(r"\bis invalid: "),
        _at_once,
        "the cluster takes the new pods for invalid",
        "Correct in the workload what the message names; `kubectl{namespace} describe limitrange` shows the defaults.",
    ),
    _Row(
        "service_account_missing",
        re.compile(r"error looking up service account|serviceaccount \S+ not found"),
        _admission,
        "the new pods' service account does not exist",
        "Create it in the namespace, or correct `serviceAccountName`.",
    ),
    _Row(
        "pods_refused",
        re.compile(r""),
        _admission,
        "the cluster refuses to create the new pods",
        "Change the workload as the message says.",
    ),
)


def find_refusal(look: Look) -> Finding | None:
    """Why new pods are not created; None when they are, or when nobody says."""
    refusal = _on_revision(look) or _on_workload(look)
    if refusal is None or look.workload is None:
        return None
    row = next(each for each in _ROWS if each.message.search(refusal.message))
    # A quota is full for as long as nobody frees some; everything else has its row.
    if row.code == "pods_refused" and "exceeded quota" in refusal.message:
        return _over_quota(look, refusal)
    return _finding(
        refusal,
        reason=row.code,
        fatal=look.lasted(refusal.seen_at) >= row.grace(look.graces),
        sentence=row.sentence,
        next_step=row.next_step.format(namespace=f" -n {look.workload.namespace}"),
        told=True,
    )


def _finding(refusal: _Refusal, *, reason: str, fatal: bool, sentence: str, next_step: str, told: bool) -> Finding:
    return Finding(
        reason=reason,
        pod="",
        container="",
        since=refusal.since,
        fatal=fatal,
        sentence=sentence,
        next_step=next_step,
        evidence=in_one_line(refusal.message),
        told=told,
    )


def _on_revision(look: Look) -> _Refusal | None:
    condition = find_condition(look.revision.conditions, "ReplicaFailure")
    if condition is None or condition.status != "True" or condition.reason != "FailedCreate":
        return None
    since = _not_before(look, condition.changed_at)
    return _Refusal(condition.message, since, _not_before(look, condition.seen_at) if condition.seen_at else since)


def _on_workload(look: Look) -> _Refusal | None:
    """The newest event, unless it is about an earlier rollout or what it speaks of has been created since."""
    workload = look.workload
    if workload is None or workload.kind is WorkloadKind.DEPLOYMENT:
        return None
    event = latest(look.observation, workload.uid, "FailedCreate")
    if event is None or event.last_at is None:
        return None
    stale = look.patched_at is not None and event.last_at < look.patched_at - _CLOCKS
    if stale or _is_created(look, workload, event.message, event.last_at):
        return None
    since = _not_before(look, event.first_at or event.last_at)
    return _Refusal(event.message, since, since)


def _is_created(look: Look, workload: Workload, message: str, said_at: datetime) -> bool:
    new = look.observation.pods_of(look.revision)
    if len(new) >= workload.replicas - workload.kept:
        return True
    named = _NAMED.search(message)
    if named:
        return named[1] in {pod.name for pod in (*new, *look.observation.other_pods(look.revision))}
    return any(pod.created_at is not None and pod.created_at >= said_at for pod in new)


def _not_before(look: Look, since: datetime | None) -> datetime:
    """The rollout's refusals begin with its patch, though the cluster counts on from an earlier one."""
    if since is None:
        return look.patched_at or look.now
    return max(since, look.patched_at) if look.patched_at else since


def _over_quota(look: Look, refusal: _Refusal) -> Finding:
    """A pod that asks for more than the whole quota never comes; else what this app still stops may make room."""
    found = excesses(refusal.message)
    hopeless = [each for each in found if each.is_hopeless]
    over = not _may_free_some(look) and look.lasted(refusal.seen_at) >= look.graces.quota
    amounts = f" ({shown})" if (shown := amounts_of(found)) else ""
    what = (
        "one new pod asks for more than the namespace's whole quota" if hopeless else "the namespace's quota is used up"
    )
    return _finding(
        refusal,
        reason="quota_exceeded",
        fatal=bool(hopeless) or over,
        sentence=f"{what}, so no new pod is created{amounts}",
        next_step="Ask for less, or have the quota raised"
        f": `kubectl -n {look.workload.namespace if look.workload else ''} describe quota` shows it.",
        told=True,
    )


def _may_free_some(look: Look) -> bool:
    """Whether pods of this very app stop or are about to.

    A stateful set stops no other pod before the one that is missing is ready, so only those that stop already count.
    """
    workload = look.workload
    if workload is None or look.observation.stopping_pods():
        return workload is not None
    old = look.observation.other_pods(look.revision)
    return bool(old) and workload.max_unavailable >= 1 and workload.kind is not WorkloadKind.STATEFULSET
