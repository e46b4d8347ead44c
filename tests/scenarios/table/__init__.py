"""The rows, by what they are about. Each group plays on a stage of its own."""

from tests.scenarios.row import Scenario
from tests.scenarios.table import (
    aborting,
    buttons,
    deaths,
    deploying,
    floods,
    going_back,
    heads,
    keeping,
    policy,
    rights,
    speaking,
    trouble,
)

GROUPS: dict[str, tuple[Scenario, ...]] = {
    "deploying": deploying.ROWS,
    "heads": heads.ROWS,
    "speaking": speaking.ROWS,
    "rights": rights.ROWS,
    "keeping": keeping.ROWS,
    "going_back": going_back.ROWS,
    "aborting": aborting.ROWS,
    "policy": policy.ROWS,
    "buttons": buttons.ROWS,
    "trouble": trouble.ROWS,
    "floods": floods.ROWS,
    "deaths": deaths.ROWS,
}
