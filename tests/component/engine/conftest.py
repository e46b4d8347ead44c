import pytest

from bot.storage.database import Database
from tests.component.engine.rig import TWO_PLACES, Rig
from tests.conftest import Clock
from tests.fakes.clusters import FakeClusters


@pytest.fixture
def rig(sqlite: Database, clock: Clock) -> Rig:
    return Rig(database=sqlite, clock=clock)


@pytest.fixture
def desk(sqlite: Database, clock: Clock) -> Rig:
    """With people who may command, and a production beside staging."""
    rig = Rig(database=sqlite, clock=clock, catalog_text=TWO_PLACES, clusters=FakeClusters())
    rig.let_people_in()
    return rig
