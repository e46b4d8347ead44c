"""The three ways a pull request lands on its base branch."""

from typing import Literal

from sandbox.github import gitlog
from sandbox.github.errors import RefusedError
from sandbox.github.gates import Gates
from sandbox.github.model import User
from sandbox.github.records import Commit, PullRequest

Method = Literal["merge", "squash", "rebase"]


class Landing(Gates):
    """Writes the new commits; the ref is moved by the caller."""

    def land(self, pull: PullRequest, by: User, method: Method, title: str | None, message: str | None) -> str:
        """The commit the base branch is to point at."""
        base_sha = pull.repository.head(pull.base_ref)
        if base_sha is None:
            raise RefusedError(405, "Base branch was deleted")
        own = gitlog.only_in(self.commits, pull.head_sha, base=base_sha)
        if method == "rebase":
            return self._replay(pull, own, base_sha, by)
        files = self.merged_files(base_sha, pull.head_sha) or {}
        if method == "squash":
            first = title or f"{pull.title} (#{pull.number})"
            rest = message if message is not None else "\n\n".join(f"* {commit.message}" for commit in own)
            parents, author = [base_sha], pull.author
        else:
            first = title or f"Merge pull request #{pull.number} from {pull.head_label.replace(':', '/')}"
            rest = message if message is not None else pull.title
            parents, author = [base_sha, pull.head_sha], by
        text = f"{first}\n\n{rest}" if rest else first
        return self.keep_commit(
            pull.repository, files=files, parents=parents, message=text, author=author, committer=self._web_flow()
        ).sha

    def _replay(self, pull: PullRequest, own: list[Commit], base_sha: str, by: User) -> str:
        """New commits on top of base, even where a fast-forward would do."""
        tip = base_sha
        for commit in own:
            if len(commit.parents) > 1:
                continue
            old = self.commits[commit.parents[0]].files if commit.parents else {}
            files = gitlog.merge_trees(base=old, ours=self.commits[tip].files, theirs=commit.files)
            if files is None:
                raise RefusedError(405, "This branch can't be rebased")
            tip = self.keep_commit(
                pull.repository,
                files=files,
                parents=[tip],
                message=commit.message,
                author=commit.author,
                committer=by,
            ).sha
        return tip
