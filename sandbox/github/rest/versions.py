"""What API version 2026-03-10 no longer shows (from `x-github-breaking-changes` in GitHub's description)."""

from typing import Any

DEFAULT_VERSION = "2022-11-28"
VERSIONS = (DEFAULT_VERSION, "2026-03-10")

_GONE_EVERYWHERE = {"has_downloads", "use_squash_pr_title_as_default", "master_branch"}
_GONE_FROM_PULLS = {"merge_commit_sha", "assignee"}


def for_version(version: str, shown: Any) -> Any:
    """The same answer as the version's callers see it."""
    if version == DEFAULT_VERSION:
        return shown
    if isinstance(shown, list):
        return [for_version(version, item) for item in shown]
    if not isinstance(shown, dict):
        return shown
    gone = set(_GONE_EVERYWHERE)
    if "assignees" in shown:
        gone |= _GONE_FROM_PULLS
    if "rate" in shown and "resources" in shown:
        gone.add("rate")
    return {key: for_version(version, value) for key, value in shown.items() if key not in gone}
