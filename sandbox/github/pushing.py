"""Commits arrive: refs move, suites open, pull requests follow, Apps hear of it."""

from collections.abc import Mapping

from sandbox.github import gitlog
from sandbox.github.checks import Checks
from sandbox.github.errors import RefusedError
from sandbox.github.model import JSON, Repository, User
from sandbox.github.records import Commit
from sandbox.github.state import Repo, Who
from sandbox.github.statuses import Statuses
from sandbox.github.upkeep import Upkeep
from sandbox.github.urls import stamp

NOTHING = "0" * 40


class Pushing(Checks, Statuses, Upkeep):
    """Every way a ref moves goes through `move_ref`."""

    def push(
        self,
        repo: Repo,
        branch: str,
        *,
        author: Who,
        files: Mapping[str, str | None],
        message: str,
        force: bool = False,
    ) -> str:
        """One commit with these files (None deletes). A new branch starts at the default branch's head.

        `force` replaces the branch's last commit instead of adding to it, as an amend and force-push does.
        """
        repository, user = self.repository(repo), self.user(author)
        head = repository.head(branch) or repository.head(repository.default_branch)
        parents = [head] if head else []
        if force and head:
            parents = list(self.commits[head].parents)
        tree = dict(self.commits[parents[0]].files) if parents else {}
        for path, text in files.items():
            if text is None:
                tree.pop(path, None)
            else:
                tree[path] = text
        commit = self.keep_commit(repository, files=tree, parents=parents, message=message, author=user)
        self.move_ref(repository, f"refs/heads/{branch}", commit.sha, by=user, force=force)
        return commit.sha

    def move_ref(self, repository: Repository, ref: str, sha: str, *, by: User, force: bool = False) -> None:
        """Point a ref at a commit the repository has. Raises 422 when that needs force."""
        before = repository.refs.get(ref)
        forced = before is not None and not gitlog.is_ancestor(self.commits, before, sha)
        if forced and not force:
            raise RefusedError(422, "Update is not a fast forward")
        if before == sha:
            return
        repository.refs[ref] = sha
        repository.pushed_at = self.clock()
        self._tell_push(repository, ref, before or NOTHING, sha, by=by, forced=forced)
        if ref.startswith("refs/heads/"):
            branch = ref.removeprefix("refs/heads/")
            self.open_suites_for_push(repository, sha, branch=branch, before=before or NOTHING)
            self.branch_moved(repository, branch, before, sha, by=by)

    def delete_branch(self, repo: Repo, branch: str, *, by: Who) -> None:
        """Open pull requests from it are closed, as GitHub does."""
        repository, user = self.repository(repo), self.user(by)
        before = repository.refs.pop(f"refs/heads/{branch}")
        self._tell_push(repository, f"refs/heads/{branch}", before, NOTHING, by=user, forced=False)
        self.branch_gone(repository, branch, by=user)

    def _tell_push(self, repository: Repository, ref: str, before: str, after: str, *, by: User, forced: bool) -> None:
        first = before == NOTHING and ref == f"refs/heads/{repository.default_branch}"
        old = before if before != NOTHING else repository.head(repository.default_branch)
        new = [] if after == NOTHING else gitlog.only_in(self.commits, after, base=None if first else old)
        api = self.urls.page(repository)
        body: JSON = {
            "ref": ref,
            "before": before,
            "after": after,
            "base_ref": None,
            "compare": f"{api}/compare/{before[:12]}...{after[:12]}",
            "created": before == NOTHING,
            "deleted": after == NOTHING,
            "forced": forced,
            "commits": [self._show_pushed(repository, commit) for commit in new[-2048:]],
            "head_commit": None if after == NOTHING else self._show_pushed(repository, self.commits[after]),
            "pusher": {"name": by.login, "email": by.email},
        }
        self.emit("push", None, repository=repository, sender=by, body=body)

    def _show_pushed(self, repository: Repository, commit: Commit) -> JSON:
        before = self.commits[commit.parents[0]].files if commit.parents else {}
        changed = gitlog.changes(before, commit.files)

        def person(user: User) -> JSON:
            return {"name": user.login, "email": user.email, "username": user.login}

        return {
            "id": commit.sha,
            "tree_id": commit.tree,
            "distinct": True,
            "message": commit.message,
            "timestamp": stamp(commit.date),
            "url": f"{self.urls.page(repository)}/commit/{commit.sha}",
            "author": person(commit.author),
            "committer": person(commit.committer),
            "added": [change.path for change in changed if change.status in {"added", "renamed"}],
            "removed": [
                change.previous or change.path for change in changed if change.status in {"removed", "renamed"}
            ],
            "modified": [change.path for change in changed if change.status == "modified"],
        }
