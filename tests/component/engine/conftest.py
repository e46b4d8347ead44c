import pytest

from bot.storage.database import Database
from tests.component.engine.rig import Rig
from tests.conftest import Clock


@pytest.fixture
def rig(sqlite: Database, clock: Clock) -> Rig:
    return Rig(database=sqlite, clock=clock)
