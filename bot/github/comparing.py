"""What lies between two commits: who wrote it, and what they called it."""

from urllib.parse import quote, urlsplit, urlunsplit

from bot.domain.intent import Repository
from bot.domain.people import Comparison
from bot.github import answers
from bot.github.access import RepositoryAccess

COMMITS_READ = 250
"""Commits whose authors are told: as many as GitHub compares on one page by itself."""
TITLES = 10
_PER_PAGE = 100


class CompareReads:
    """`GitHubReads.compare`."""

    def __init__(self, access: RepositoryAccess) -> None:
        self._access = access

    async def compare(self, repository: Repository, *, base: str, head: str) -> Comparison:
        """Commits of `head` that `base` has not. Raises `NotFoundError` for a commit that GitHub does not show."""
        first = await self._page(repository, base=base, head=head, number=1)
        pages = {1: first.commits}
        last = -(-first.total_commits // _PER_PAGE)
        # GitHub goes from the oldest commit on: authors are on the first pages, the newest titles on the last.
        for number in sorted({2, 3, last - 1, last}):
            if 1 < number <= last:
                pages[number] = (await self._page(repository, base=base, head=head, number=number)).commits
        oldest = [commit for number in (1, 2, 3) for commit in pages.get(number, [])][:COMMITS_READ]
        newest = [commit for number in sorted(pages) for commit in pages[number]][-TITLES:]
        return Comparison(
            relation=first.status,
            ahead_by=first.ahead_by,
            behind_by=first.behind_by,
            authors=tuple(dict.fromkeys(name for commit in oldest if (name := _author(commit)))),
            titles=tuple(commit.commit.message.partition("\n")[0].strip() for commit in reversed(newest)),
            url=safe_url(first.html_url),
        )

    async def _page(self, repository: Repository, *, base: str, head: str, number: int) -> answers.ComparedCommits:
        return await self._access.get(
            repository,
            "/compare/{base}...{head}{?per_page,page}",
            answers.ComparedCommits,
            base=base,
            head=head,
            per_page=str(_PER_PAGE),
            page=str(number),
        )


def safe_url(url: str) -> str:
    """The address with everything encoded that could end a link in Markdown; empty when it is no web page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
        return ""
    return urlunsplit(
        (
            parts.scheme,
            quote(parts.netloc, safe=":[]"),
            quote(parts.path, safe="/%.~-_:@"),
            quote(parts.query, safe="=&%.~-_"),
            "",
        )
    )


def _author(commit: answers.ComparedCommit) -> str:
    """The account's login, or the name that the commit claims."""
    if commit.author is not None and commit.author.login:
        return commit.author.login
    return commit.commit.author.name if commit.commit.author else ""
