"""Who we are on GitHub, to tell our own writings from those of people who quote them."""

from bot.errors import RejectedError
from bot.github import answers
from bot.github.app_calls import AppCalls


class Identity:
    """The App's slug, read once."""

    def __init__(self, app: AppCalls, *, app_id: int) -> None:
        self._app = app
        self.app_id = app_id
        self._read: answers.App | None = None

    async def read(self) -> answers.App:
        """Slug and id as GitHub knows them."""
        if self._read is None:
            self._read = answers.to_struct(await self._app.get("/app"), answers.App)
        return self._read

    async def wrote(self, author: answers.Actor | None, via: answers.App | None) -> bool:
        """Whether our bot account made it. A person acting through the App is still a person."""
        if author is None or author.type != "Bot":
            return False
        if via is not None:
            return via.id == self.app_id
        return author.login == f"{(await self.read()).slug}[bot]"


class StatusAuthors:
    """Bot login → App id. A commit status names its author, while a rule pins the App's id."""

    def __init__(self, app: AppCalls) -> None:
        self._app = app
        self._known: dict[str, int | None] = {}

    async def app_id(self, author: answers.Actor | None) -> int | None:
        """None for people, and for bots that GitHub does not know as Apps."""
        if author is None or author.type != "Bot" or not author.login.endswith("[bot]"):
            return None
        slug = author.login.removesuffix("[bot]")
        if slug not in self._known:
            self._known[slug] = await self._look_up(slug)
        return self._known[slug]

    async def _look_up(self, slug: str) -> int | None:
        try:
            return answers.to_struct(await self._app.get("/apps/{slug}", slug=slug), answers.App).id
        except RejectedError:
            return None
