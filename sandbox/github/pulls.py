"""Opening, merging, closing and reopening pull requests, with the three merge methods."""

from sandbox.github import gitlog
from sandbox.github.errors import RefusedError, invalid, not_found
from sandbox.github.landing import Landing, Method
from sandbox.github.model import JSON, Repository
from sandbox.github.records import PullRequest
from sandbox.github.state import Repo, Who


class Pulls(Landing):
    """What the pull request page's buttons do."""

    def open_pull(
        self, repo: Repo, *, head: str, base: str, title: str, body: str | None = None, author: Who, draft: bool = False
    ) -> PullRequest:
        """`head` is a branch, or `owner:branch` of a fork."""
        repository = self.repository(repo)
        source, branch = self.head_of(repository, head)
        head_sha, base_sha = source.head(branch), repository.head(base)
        if head_sha is None or base_sha is None:
            raise invalid("PullRequest", "head" if head_sha is None else "base")
        if not gitlog.only_in(self.commits, head_sha, base=base_sha):
            raise invalid("PullRequest", "head", message=f"No commits between {base} and {head}")
        pull = PullRequest(
            id=self.long_id(),
            number=self.next_number(repository),
            repository=repository,
            head_repository=source,
            head_ref=branch,
            head_sha=head_sha,
            head_label=f"{source.owner.login}:{branch}",
            base_ref=base,
            base_sha=base_sha,
            title=title,
            body=body,
            author=self.user(author),
            draft=draft,
            created_at=self.clock(),
            updated_at=self.clock(),
        )
        repository.pulls[pull.number] = pull
        repository.objects.add(head_sha)
        repository.refs[f"refs/pull/{pull.number}/head"] = head_sha
        self.tell_pull(pull, "opened", by=pull.author)
        return pull

    def merge(
        self,
        repo: Repo,
        number: int,
        *,
        by: Who,
        method: Method = "merge",
        sha: str | None = None,
        title: str | None = None,
        message: str | None = None,
        bypass: bool = False,
    ) -> str:
        """The green button. Returns the new base commit; refused with GitHub's words (405, 409) where it would be.

        `sha` is the head the person saw; `bypass` is an administrator who merges past failing rules.
        """
        pull, user = self.pull(repo, number), self.user(by)
        self._check_mergeable(pull, method, sha, bypass=bypass)
        pull.landed_on = pull.repository.head(pull.base_ref)
        new = self.land(pull, user, method, title, message)
        repository = pull.repository
        self.mark_merged(pull, new, by=user)
        self.move_ref(repository, f"refs/heads/{pull.base_ref}", new, by=user)
        if repository.delete_branch_on_merge and pull.head_repository is repository:
            self.delete_branch(repository, pull.head_ref, by=user)
        return new

    def close(self, repo: Repo, number: int, *, by: Who) -> None:
        pull = self.pull(repo, number)
        if pull.state == "open":
            self.shut(pull, by=self.user(by))

    def reopen(self, repo: Repo, number: int, *, by: Who) -> None:
        """A merged pull request can't be opened again."""
        pull = self.pull(repo, number)
        if pull.merged:
            raise invalid("PullRequest", "state", message="state cannot be changed. The pull request is merged.")
        pull.state, pull.closed_at, pull.mergeable = "open", None, None
        pull.updated_at = self.clock()
        self.tell_pull(pull, "reopened", by=self.user(by))

    def edit_pull(
        self, pull: PullRequest, *, by: Who, title: str | None = None, body: str | None = None, base: str | None = None
    ) -> None:
        """Change what is given; a new base branch must exist."""
        changes: JSON = {}
        if title not in (None, pull.title):
            changes["title"], pull.title = {"from": pull.title}, title or ""
        if body not in (None, pull.body):
            changes["body"], pull.body = {"from": pull.body or ""}, body
        if base not in (None, pull.base_ref):
            sha = pull.repository.head(base or "")
            if sha is None:
                raise invalid("PullRequest", "base")
            changes["base"] = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
            pull.base_ref, pull.base_sha = base or "", sha
            self.forget_test_merge(pull)
        if changes:
            pull.updated_at = self.clock()
            self.tell_pull(pull, "edited", by=self.user(by), changes=changes)

    def ready(self, repo: Repo, number: int, *, by: Who) -> None:
        """Draft no more."""
        pull = self.pull(repo, number)
        pull.draft = False
        self.tell_pull(pull, "ready_for_review", by=self.user(by))

    def move_head_after(self, repo: Repo, number: int, *, reads: int, by: Who, files: dict[str, str | None]) -> None:
        """A race on purpose: somebody pushes to the pull request right after the API showed it `reads` times."""
        pull = self.pull(repo, number)
        source = pull.head_repository or pull.repository

        def move() -> None:
            self.push(source, pull.head_ref, author=by, files=files, message="Moved meanwhile")

        self.head_moves[pull.id] = (reads, move)

    def was_read(self, pull: PullRequest) -> None:
        """The API has just shown the pull request."""
        reads, move = self.head_moves.pop(pull.id, (0, None))
        if move is None:
            return
        if reads > 1:
            self.head_moves[pull.id] = (reads - 1, move)
        else:
            move()

    def delete_fork(self, fork: Repository) -> None:
        """Pull requests from it stay, with a head repository of null."""
        for repository in self.repositories.values():
            for pull in repository.pulls.values():
                if pull.head_repository is fork:
                    pull.head_repository = None
        del self.repositories[fork.id]

    def pull(self, repo: Repo, number: int) -> PullRequest:
        found = self.repository(repo).pulls.get(number)
        if found is None:
            raise not_found()
        return found

    def next_number(self, repository: Repository) -> int:
        repository.last_number += 1
        return repository.last_number

    def head_of(self, repository: Repository, head: str) -> tuple[Repository, str]:
        """Repository and branch that `branch` or `owner:branch` means."""
        login, colon, branch = head.partition(":")
        if not colon or login.lower() == repository.owner.login.lower():
            return repository, branch or login
        for fork in self.repositories.values():
            if fork.fork_of is repository and fork.owner.login.lower() == login.lower():
                return fork, branch
        raise invalid("PullRequest", "head")

    def _check_mergeable(self, pull: PullRequest, method: Method, sha: str | None, *, bypass: bool) -> None:
        self.settle(pull)
        if pull.draft:
            raise RefusedError(405, "Pull Request is still a draft")
        if pull.state != "open" or not pull.mergeable:
            raise RefusedError(405, "Pull Request is not mergeable")
        if sha not in (None, pull.head_sha):
            raise RefusedError(409, "Head branch was modified. Review and try the merge again.")
        if method not in pull.repository.merge_methods:
            name = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[method]
            raise RefusedError(405, f"{name} are not allowed on this repository.")
        complaint = self.complaint(pull)
        if complaint and not bypass:
            raise RefusedError(405, complaint)
