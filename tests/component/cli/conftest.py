"""The command as an operator runs it, on a database and a catalog of its own."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import cli
from bot.storage import schema
from bot.storage.database import Database
from tests.conftest import quick_folder
from tests.factories import CATALOG

SEARCH = """
  search:
    github: acme/search
    apps:
      indexer:
        repository: acme/search
        image: registry.example/search/indexer
        environments:
          staging: {namespace: search-staging, workload: deployment/indexer, container: web, deploy: on-merge}
"""


@dataclass
class Shell:
    """What an operator sees. `out` and `err` are of the last command."""

    url: str
    catalog: Path
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    out: str = field(default="", init=False)
    err: str = field(default="", init=False)

    def run(self, *arguments: str) -> object:
        """The exit code."""
        self.monkeypatch.setattr(sys, "argv", ["/usr/bin/greenlane", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        self.out, self.err = self.capture.readouterr()
        return ended.value.code

    def json(self, *arguments: str) -> Any:
        assert self.run(*arguments, "--json") == 0, self.err
        return json.loads(self.out)

    def database(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """Something done in one transaction, beside the command."""

        async def inside() -> Any:
            database = Database(self.url)
            try:
                async with database.begin() as connection:
                    return await work(connection)
            finally:
                await database.aclose()

        return asyncio.run(inside())


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A current database, a catalog of two teams, and an operator named olga."""
    catalog = tmp_path / "greenlane.yaml"
    catalog.write_text(CATALOG + SEARCH)
    with quick_folder() as folder:
        url = f"sqlite+aiosqlite:///{folder}/greenlane.db"
        monkeypatch.setenv("GREENLANE_DATABASE_URL", url)
        monkeypatch.setenv("GREENLANE_CATALOG", str(catalog))
        monkeypatch.setenv("LOGNAME", "olga")
        asyncio.run(_upgrade(url))
        yield Shell(url, catalog, monkeypatch, capsys)


async def _upgrade(url: str) -> None:
    database = Database(url)
    await schema.upgrade(database)
    await database.aclose()
