"""Git as far as GitHub shows it: ancestry, merge base, three-way merge and diffs over trees kept as dicts."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.github.model import User
from sandbox.github.records import Commit

Commits = Mapping[str, Commit]


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """One path that differs between two trees."""

    path: str
    status: Literal["added", "removed", "modified", "renamed"]
    additions: int
    deletions: int
    patch: str
    previous: str | None = None


def blob_sha(text: str) -> str:
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def tree_sha(files: Mapping[str, str]) -> str:
    listing = "".join(f"{path}\0{blob_sha(text)}\n" for path, text in sorted(files.items()))
    return hashlib.sha1(listing.encode(), usedforsecurity=False).hexdigest()


def make_commit(
    *,
    files: dict[str, str],
    parents: Sequence[str],
    message: str,
    author: User,
    committer: User,
    date: datetime,
    salt: int,
) -> Commit:
    """A new commit; `salt` keeps two equal commits of the same second apart."""
    tree = tree_sha(files)
    text = f"{tree}\n{parents}\n{author.login}\n{committer.login}\n{date.isoformat()}\n{salt}\n{message}"
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents),
        files=files,
        message=message,
        author=author,
        committer=committer,
        date=date,
    )


def ancestors(commits: Commits, sha: str) -> list[str]:
    """The commit and everything before it, nearest first."""
    seen: dict[str, None] = {}
    waiting = [sha]
    while waiting:
        current = waiting.pop(0)
        if current not in seen:
            seen[current] = None
            waiting.extend(commits[current].parents)
    return list(seen)


def is_ancestor(commits: Commits, old: str, new: str) -> bool:
    return old in set(ancestors(commits, new))


def merge_base(commits: Commits, one: str, other: str) -> str | None:
    mine = set(ancestors(commits, one))
    return next((sha for sha in ancestors(commits, other) if sha in mine), None)


def only_in(commits: Commits, head: str, *, base: str | None) -> list[Commit]:
    """Commits of `head` that `base` does not have, oldest first."""
    known = set(ancestors(commits, base)) if base else set()
    return [commits[sha] for sha in reversed(_topological(commits, head)) if sha not in known]


def merge_trees(
    *, base: Mapping[str, str], ours: Mapping[str, str], theirs: Mapping[str, str]
) -> dict[str, str] | None:
    """Three-way merge by whole files; None when both sides changed one file differently."""
    merged = dict(ours)
    for path in base.keys() | theirs.keys():
        if theirs.get(path) == base.get(path) or theirs.get(path) == ours.get(path):
            continue
        if ours.get(path) != base.get(path):
            return None
        if path in theirs:
            merged[path] = theirs[path]
        else:
            merged.pop(path, None)
    return merged


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[FileChange]:
    """What changed, with exact renames found, in path order."""
    removed = {path: text for path, text in old.items() if path not in new}
    found: list[FileChange] = []
    for path in sorted(new):
        if path in old:
            if old[path] != new[path]:
                found.append(_change(path, "modified", old[path], new[path]))
            continue
        source = next((gone for gone, text in removed.items() if text == new[path]), None)
        if source is None:
            found.append(_change(path, "added", "", new[path]))
        else:
            del removed[source]
            found.append(FileChange(path=path, status="renamed", additions=0, deletions=0, patch="", previous=source))
    found.extend(_change(path, "removed", text, "") for path, text in removed.items())
    return sorted(found, key=lambda change: change.path)


def _change(path: str, status: Literal["added", "removed", "modified"], old: str, new: str) -> FileChange:
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm=""))[2:]
    return FileChange(
        path=path,
        status=status,
        additions=sum(line.startswith("+") for line in lines),
        deletions=sum(line.startswith("-") for line in lines),
        patch="\n".join(lines),
    )


def _topological(commits: Commits, head: str) -> list[str]:
    """Children before parents, so that the reverse reads as history."""
    reachable = ancestors(commits, head)
    children = dict.fromkeys(reachable, 0)
    for sha in reachable:
        for parent in commits[sha].parents:
            children[parent] += 1
    ready, order = [head], []
    while ready:
        sha = ready.pop()
        order.append(sha)
        for parent in commits[sha].parents:
            children[parent] -= 1
            if children[parent] == 0:
                ready.append(parent)
    return order
