"""What pull requests do when branches move under them: follow, lose their test merge, or turn out merged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sandbox.github import gitlog
from sandbox.github.installing import Installing
from sandbox.github.model import JSON, Repository, User
from sandbox.github.records import PullRequest
from sandbox.github.show.pulls import show_pull


class Upkeep(Installing):
    """Keeps open pull requests true to their branches."""

    def branch_moved(self, repository: Repository, branch: str, before: str | None, sha: str, *, by: User) -> None:
        for pull in self._open_pulls():
            if pull.head_repository is repository and pull.head_ref == branch:
                self._follow_head(pull, before or pull.head_sha, sha, by=by)
            elif pull.repository is repository and pull.base_ref == branch:
                self._follow_base(pull, before, sha, by=by)

    def branch_gone(self, repository: Repository, branch: str, *, by: User) -> None:
        for pull in self._open_pulls():
            if pull.head_repository is repository and pull.head_ref == branch:
                self.shut(pull, by=by)

    def shut(self, pull: PullRequest, *, by: User) -> None:
        """Close without merging; the test merge commit stays in `merge_commit_sha`, as on GitHub."""
        self.settle(pull)
        stale = self.show(pull)
        pull.state, pull.closed_at, pull.updated_at = "closed", self.clock(), self.clock()
        self.tell_pull(pull, "closed", by=by, stale=stale)

    def mark_merged(self, pull: PullRequest, sha: str, *, by: User) -> None:
        """The API may go on showing the open pull request for a while (`world.lag`)."""
        stale, old, now = self.show(pull), replace(pull), self.clock()
        pull.state, pull.closed_at, pull.merged_at, pull.updated_at = "closed", now, now, now
        pull.merged_by, pull.merge_commit_sha = by, sha
        if self.lag.merge.seconds or self.lag.merge.reads:
            self.veils[pull.id] = (old, now + timedelta(seconds=self.lag.merge.seconds), replace(self.lag.merge))
        self.tell_pull(pull, "closed", by=by, stale=stale)

    def settle(self, pull: PullRequest) -> None:
        """Work out `mergeable` and the test merge commit, which GitHub does in the background."""
        base_sha = pull.repository.head(pull.base_ref)
        if pull.mergeable is not None or pull.state != "open" or base_sha is None:
            return
        files = self.merged_files(base_sha, pull.head_sha)
        pull.mergeable = files is not None
        if files is not None:
            message = f"Merge {pull.head_sha} into {base_sha}"
            test = self.keep_commit(
                pull.repository,
                files=files,
                parents=[base_sha, pull.head_sha],
                message=message,
                author=pull.author,
            )
            pull.merge_commit_sha = test.sha
            pull.repository.refs[f"refs/pull/{pull.number}/merge"] = test.sha

    def read_pull(self, pull: PullRequest, *, counts: bool = True) -> PullRequest:
        """The pull request as the API shows it now; `counts` reads wear the lag off and settle `mergeable`."""
        veil = self.veils.get(pull.id)
        if veil is None:
            if counts:
                self._read_mergeable(pull)
            return pull
        old, until, delay = veil
        if self.clock() >= until and delay.reads <= 0:
            del self.veils[pull.id]
            return pull
        delay.reads -= counts
        return old

    def merged_files(self, base_sha: str, head_sha: str) -> dict[str, str] | None:
        """The tree after merging; None on conflict."""
        common = gitlog.merge_base(self.commits, base_sha, head_sha)
        return gitlog.merge_trees(
            base=self.commits[common].files if common else {},
            ours=self.commits[base_sha].files,
            theirs=self.commits[head_sha].files,
        )

    def pull_changes(self, pull: PullRequest) -> list[gitlog.FileChange]:
        """Files against the merge base, as the «Files changed» tab shows them."""
        common = gitlog.merge_base(self.commits, pull.base_sha, pull.head_sha)
        old = self.commits[common].files if common else {}
        return gitlog.changes(old, self.commits[pull.head_sha].files)

    def show(self, pull: PullRequest) -> JSON:
        changed = self.pull_changes(pull)
        return show_pull(
            self.urls,
            pull,
            commits=len(gitlog.only_in(self.commits, pull.head_sha, base=pull.base_sha)),
            additions=sum(change.additions for change in changed),
            deletions=sum(change.deletions for change in changed),
            files=len(changed),
        )

    def tell_pull(self, pull: PullRequest, action: str, *, by: User, stale: JSON | None = None, **extra: Any) -> None:
        body: JSON = {"number": pull.number, "pull_request": self.show(pull), **extra}
        self.emit(
            "pull_request",
            action,
            repository=pull.repository,
            sender=by,
            body=body,
            stale={"pull_request": stale} if stale else None,
        )

    def _read_mergeable(self, pull: PullRequest) -> None:
        if pull.mergeable is not None or pull.state != "open":
            return
        seen = self.null_reads.get(pull.id, 0)
        if seen >= self.lag.mergeable_null_reads:
            self.settle(pull)
        self.null_reads[pull.id] = seen + 1

    def _follow_head(self, pull: PullRequest, before: str, after: str, *, by: User) -> None:
        pull.head_sha, pull.updated_at = after, self.clock()
        pull.repository.objects.add(after)
        pull.repository.refs[f"refs/pull/{pull.number}/head"] = after
        pull.base_sha = pull.repository.head(pull.base_ref) or pull.base_sha
        self.forget_test_merge(pull)
        self.tell_pull(pull, "synchronize", by=by, before=before, after=after)

    def _follow_base(self, pull: PullRequest, before: str | None, sha: str, *, by: User) -> None:
        if gitlog.is_ancestor(self.commits, pull.head_sha, sha):
            pull.landed_on = before
            self.mark_merged(pull, sha, by=by)
        else:
            self.forget_test_merge(pull)

    def forget_test_merge(self, pull: PullRequest) -> None:
        pull.mergeable = None
        self.null_reads.pop(pull.id, None)

    def _open_pulls(self) -> list[PullRequest]:
        return [pull for repo in self.repositories.values() for pull in repo.pulls.values() if pull.state == "open"]
