"""One person writes more commands than anybody can mean."""

from tests.scenarios.acts import answers, comments, opens, reacts, says, settles
from tests.scenarios.row import House, row

ASKED = House(staging={"deploy": "on-command"}, production={})

ROWS = (
    row(
        "three-hundred-in-a-minute",
        opens("a"),
        says("/why", times=300),
        answers("more than 10 commands within a minute"),
        settles(),
        house=ASKED,
        audit=None,
        codes="too_many_commands",
    ),
    row(
        "three-hundred-of-an-outsider",
        opens("a"),
        says("/why", by="mallory", times=300),
        answers("needs write permission"),
        settles(),
        comments(1),
        house=ASKED,
        audit=None,
        codes="too_many_commands no_write_permission",
    ),
    row(
        "too-many-of-one-are-not-of-all",
        opens("a"),
        says("/why", times=25),
        answers("more than 10 commands within a minute"),
        says("/status", by="bob"),
        answers("what runs where"),
        reacts("rocket"),
        house=ASKED,
        audit=None,
        codes="too_many_commands",
    ),
)
