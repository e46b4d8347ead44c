"""Commands in comments against the running bot: every row of the tables, many at once on one stage."""

import os

import pytest

from tests.scenarios.playing import play
from tests.scenarios.table import GROUPS

ONLY = os.environ.get("SCENARIO", "")
"""Part of a name: plays only those rows, for whoever writes one."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("group", GROUPS)
async def test_scenarios_end_as_their_rows_say(tmp_path, app_key, group):
    scenarios = [one for one in GROUPS[group] if ONLY in one.name]
    if scenarios:
        wrong = await play(scenarios, folder=tmp_path, key=app_key)

        assert not wrong, "\n" + "\n".join(wrong)
