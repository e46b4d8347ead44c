"""Finding what a path names, with GitHub's answers for what is not there."""

from sandbox.github.errors import RefusedError, not_found
from sandbox.github.records import CheckSuite
from sandbox.github.rest.asking import Ask


def find_sha(ask: Ask) -> str:
    """The commit that `ref` means: a SHA, a branch or a tag."""
    sha = ask.world.resolve(ask.repository, ask.params["ref"])
    if sha is None:
        raise RefusedError(422, f"No commit found for SHA: {ask.params['ref']}")
    return sha


def find_suite(ask: Ask) -> CheckSuite:
    found = ask.repository.suites.get(ask.number("check_suite_id"))
    if found is None:
        raise not_found()
    return found
