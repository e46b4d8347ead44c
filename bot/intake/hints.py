"""Event → what becomes due. Pure: a payload in, a hint or the reason for ignoring it out."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from bot.domain.command import Vocabulary, parse
from bot.domain.hint import Hint
from bot.intake import payloads

_BRANCH = "refs/heads/"
_NO_NAMES = Vocabulary(apps={})
"""Enough to see that a command is meant; whether it makes sense is told where the catalog is known."""
_NEW_HEAD = frozenset({"opened", "reopened", "synchronize", "ready_for_review"})
_QUEUE_BRANCH = "gh-readonly-queue/"  # a merge queue's own branches are nobody's to deploy


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a body says: who it is about, and the hint or why there is none."""

    action: str
    repository: str
    repository_id: int
    hint: Hint | None
    reason: str = ""


def read(event: str, body: bytes, *, own_app_id: int) -> Reading:
    """Read a body. Raises `msgspec.DecodeError` when it is not JSON."""
    shape, reader = _READERS.get(event, (payloads.Payload, _ignored))
    try:
        payload = msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        return Reading(action="", repository="", repository_id=0, hint=None, reason=f"not understood: {error}")
    about = payload.repository
    answer = reader(payload, own_app_id)
    hint = answer if isinstance(answer, Hint) else None
    if hint is not None:
        hint = replace(
            hint,
            action=payload.action,
            installation_id=payload.installation.id if payload.installation else 0,
            repository_id=about.id if about else 0,
            repository=about.full_name if about else "",
            actor=payload.sender.login if payload.sender else "",
            actor_id=payload.sender.id if payload.sender else 0,
        )
    return Reading(
        action=payload.action,
        repository=about.full_name if about else "",
        repository_id=about.id if about else 0,
        hint=hint,
        reason=answer if isinstance(answer, str) else "",
    )


def _ignored(payload: payloads.Payload, own_app_id: int) -> Hint | str:
    _ = payload, own_app_id
    return "an event that is not used"


def _pull_request(payload: payloads.PullRequest, own_app_id: int) -> Hint | str:
    _ = own_app_id
    pull = payload.pull_request
    if pull is not None and payload.action == "closed":
        return Hint(kind="pull", number=pull.number, merged=bool(pull.merged))
    if pull is not None and pull.head is not None and pull.head.sha and payload.action in _NEW_HEAD:
        return Hint(kind="head", number=pull.number, sha=pull.head.sha)
    return "neither closed nor a new head"


def _push(payload: payloads.Push, own_app_id: int) -> Hint | str:
    _ = own_app_id
    branch = payload.ref.removeprefix(_BRANCH)
    if branch == payload.ref or payload.deleted or branch.startswith(_QUEUE_BRANCH):
        return "not a new head of a branch"
    return Hint(kind="push", branch=branch, before=payload.before, sha=payload.after)


def _checks(body: payloads.CheckBody | None, own_app_id: int) -> Hint | str:
    if body is None:
        return "no check in it"
    if body.app is not None and body.app.id == own_app_id:
        return "our own check"
    return Hint(kind="commit", sha=body.head_sha)


def _check_run(payload: payloads.CheckRun, own_app_id: int) -> Hint | str:
    if payload.action == "requested_action":
        return _click(payload, own_app_id)
    return _checks(payload.check_run, own_app_id)


def _click(payload: payloads.CheckRun, own_app_id: int) -> Hint | str:
    run, button = payload.check_run, payload.requested_action
    if run is None or run.app is None or run.app.id != own_app_id:
        return "not our own button"
    if button is None or not button.identifier or not run.external_id:
        return "no button in it"
    if not _is_person(payload.sender):
        return "not clicked by a person"
    return Hint(kind="click", button=button.identifier, external_id=run.external_id, sha=run.head_sha)


def _check_suite(payload: payloads.CheckSuite, own_app_id: int) -> Hint | str:
    return _checks(payload.check_suite, own_app_id)


def _status(payload: payloads.Status, own_app_id: int) -> Hint | str:
    _ = own_app_id
    return Hint(kind="commit", sha=payload.sha) if payload.sha else "no commit in it"


def _workflow_run(payload: payloads.WorkflowRun, own_app_id: int) -> Hint | str:
    _ = own_app_id
    return Hint(kind="commit", sha=payload.workflow_run.head_sha) if payload.workflow_run else "no run in it"


def _issue_comment(payload: payloads.IssueComment, own_app_id: int) -> Hint | str:
    """Only what a person wrote just now: an edited comment may be a year old, and a bot can be made to say anything."""
    _ = own_app_id
    issue, comment = payload.issue, payload.comment
    if payload.action != "created":
        return "only a new comment can be a command"
    if issue is None or comment is None or issue.pull_request is None:
        return "not on a pull request"
    if not _is_person(payload.sender) or not _is_person(comment.user) or comment.performed_via_github_app:
        return "not written by a person"
    if payload.sender is None or comment.user is None or payload.sender.id != comment.user.id:
        return "not sent by its author"
    body = comment.body or ""
    if parse(body, _NO_NAMES) is None:
        return "no command in it"
    digest = hashlib.sha256(body.encode()).hexdigest()
    return Hint(kind="comment", number=issue.number, comment_id=comment.id, digest=digest)


def _is_person(account: payloads.Account | None) -> bool:
    return account is not None and account.type == "User" and account.id > 0


def _installation(payload: payloads.InstallationEvent, own_app_id: int) -> Hint | str:
    _ = own_app_id
    came = [*payload.repositories, *payload.repositories_added]
    account = payload.installation.account if payload.installation else None
    return Hint(
        kind="installation",
        account=account.login if account else "",
        repositories=tuple((repository.id, repository.full_name) for repository in came),
        removed=tuple((repository.id, repository.full_name) for repository in payload.repositories_removed),
    )


_READERS: dict[str, tuple[type[payloads.Payload], Callable[..., Hint | str]]] = {
    "pull_request": (payloads.PullRequest, _pull_request),
    "push": (payloads.Push, _push),
    "check_run": (payloads.CheckRun, _check_run),
    "check_suite": (payloads.CheckSuite, _check_suite),
    "status": (payloads.Status, _status),
    "workflow_run": (payloads.WorkflowRun, _workflow_run),
    "issue_comment": (payloads.IssueComment, _issue_comment),
    "installation": (payloads.InstallationEvent, _installation),
    "installation_repositories": (payloads.InstallationEvent, _installation),
}
