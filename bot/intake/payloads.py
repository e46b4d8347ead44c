"""Webhook payloads as structs of the few fields we read; everything else in them is skipped unparsed."""

import msgspec


class Account(msgspec.Struct):
    login: str = ""
    id: int = 0
    type: str = ""


class Repo(msgspec.Struct):
    id: int
    full_name: str


class Installation(msgspec.Struct):
    id: int
    account: Account | None = None


class Payload(msgspec.Struct):
    """What every event may carry. `branches` of a status and the like are left out: the SHA is enough."""

    action: str = ""
    repository: Repo | None = None
    installation: Installation | None = None
    sender: Account | None = None


class App(msgspec.Struct):
    id: int


class Side(msgspec.Struct):
    sha: str = ""


class PullBody(msgspec.Struct):
    number: int
    merged: bool | None = None
    head: Side | None = None


class PullRequest(Payload):
    pull_request: PullBody | None = None


class Push(Payload):
    ref: str = ""
    before: str = ""
    after: str = ""
    deleted: bool = False


class CheckBody(msgspec.Struct):
    head_sha: str
    app: App | None = None
    external_id: str | None = None


class RequestedAction(msgspec.Struct):
    identifier: str = ""


class CheckRun(Payload):
    check_run: CheckBody | None = None
    requested_action: RequestedAction | None = None


class CheckSuite(Payload):
    check_suite: CheckBody | None = None


class Status(Payload):
    sha: str = ""


class RunBody(msgspec.Struct):
    head_sha: str


class WorkflowRun(Payload):
    workflow_run: RunBody | None = None


class PullReference(msgspec.Struct):
    url: str = ""


class IssueBody(msgspec.Struct):
    """`pull_request` is only there when the issue is one; what it holds does not matter."""

    number: int
    pull_request: PullReference | None = None


class CommentBody(msgspec.Struct):
    id: int
    body: str | None = None
    user: Account | None = None
    performed_via_github_app: App | None = None


class IssueComment(Payload):
    issue: IssueBody | None = None
    comment: CommentBody | None = None


class InstallationEvent(Payload):
    repositories: list[Repo] = []
    repositories_added: list[Repo] = []
    repositories_removed: list[Repo] = []
