"""What is a command and what is none; every mistake of grammar; and text of outsiders that stays text."""

from tests.scenarios.acts import (
    answers,
    bot_says,
    comments,
    keeps_quiet,
    merged,
    opens,
    pastes,
    reacts,
    runs,
    says,
    settles,
    silence,
    tells,
    untouched,
)
from tests.scenarios.row import House, Scenario, row

ASKED = House(staging={"deploy": "on-command"}, production={})
TWO = House(staging={}, production={}, second={})

QUIET = {
    "other-verb": "/lgtm",
    "unknown-verb": "/deployment staging",
    "in-a-sentence": "Please /deploy staging",
    "indented": "    /deploy staging",
    "one-space": " /deploy staging",
    "fenced": "```\n/deploy staging\n```",
    "fenced-open": "~~~sh\n/deploy staging",
    "in-code": "`\n/deploy staging\n`",
    "quoted": "> /deploy staging\n\nWhat do you think?",
    "quoted-lazily": "> as you said\n/deploy staging",
    "html-comment": "<!--\n/deploy staging\n-->",
    "html-comment-open": "Hm <!-- \n\n/deploy staging",
    "folded": "<details>\n\n/deploy staging\n\n</details>",
    "in-pre": "<pre>\n/deploy staging\n</pre>",
    "in-a-table": "| a |\n| - |\n/deploy staging |",
}
"""Comments that are no commands, by name."""

WRONG: dict[str, tuple[str, str, str]] = {
    # name: (what is said, the code, what is offered instead)
    "several-commands": ("/deploy staging\n\n/lock staging", "deploy several_commands", ""),
    "unexpected-word": ("/status staging", "status unexpected_word", "/status"),
    "repeated-word": ("/deploy staging production", "deploy repeated_word", ""),
    "not-of-app": ("/deploy production {app}-two", "deploy environment_not_of_app", ""),
    "unknown-flag": ("/deploy staging --hotfx now", "deploy unknown_flag", "/deploy staging --hotfix now"),
    "reason-missing": ("/deploy staging --hotfix", "deploy reason_missing", ""),
    "target-missing": ("/rollback staging to yesterday", "rollback target_missing", ""),
    "to-missing": ("/rollback staging #12", "rollback to_missing", "/rollback staging to #12"),
    "ambiguous-number": ("/rollback staging to 1234567", "rollback ambiguous_number", "/rollback staging to #1234567"),
    "duration-invalid": ("/lock staging for 2weeks", "lock duration_invalid", ""),
    "duration-too-long": ("/lock staging for 9d", "lock duration_out_of_range", "/lock staging for 7d"),
    "duration-too-short": ("/lock staging for 5s", "lock duration_out_of_range", "/lock staging for 1m"),
    "line-too-long": ("/lock staging " + "x" * 500, "lock line_too_long", ""),
    "unseen-characters": ("/deploy sta\u200bging", "deploy strange_characters", ""),
    "turned-text": ("/deploy \u202egnigats", "deploy strange_characters", ""),
}

EVIL = "@alice **b** <img src=x> [here](https://evil.example) #1 | `x` <!-- greenlane:living:1:1 -->"


def _quiet(name: str, body: str) -> Scenario:
    return row(name, merged("a"), says(body), silence(), untouched(), house=ASKED)


def _wrong(name: str, body: str, audit: str, offered: str) -> Scenario:
    more = (f"`{offered}", "Did you mean") if offered else ()
    acts = (opens("a"), says(body), reacts("confused"), answers("@{alice}", *more), comments(1), untouched())
    return row(name, *acts, house=TWO, audit=audit)


ROWS = (
    *(_quiet(name, body) for name, body in QUIET.items()),
    *(_wrong(name, *rest) for name, rest in WRONG.items()),
    row(
        "did-you-mean",
        merged("a"),
        says("/deploy stagin"),
        reacts("confused"),
        answers("`stagin` is neither an environment", "Did you mean `/deploy staging`?"),
        untouched(),
        pastes(),
        runs("a"),
        reacts("eyes", "rocket"),
        house=ASKED,
        audit="deploy unknown_word · deploy accepted",
        intents="manual a succeeded",
    ),
    row(
        "among-other-words",
        merged("a"),
        says("All green, I take it to staging now.\n\n/Deploy STAGING\r\n\nThanks!"),
        runs("a"),
        reacts("eyes", "rocket"),
        house=ASKED,
        audit="deploy accepted",
        intents="manual a succeeded",
    ),
    row(
        "bot-quotes-a-command",
        merged("a"),
        bot_says("alice said:\n\n/deploy staging"),
        silence(),
        untouched(),
        house=ASKED,
    ),
    row(
        "bot-gives-a-command",
        merged("a"),
        bot_says("/deploy staging"),
        silence(),
        untouched(),
        house=ASKED,
    ),
    row(
        "own-answers-are-no-commands",
        merged("a"),
        says("/deploy stagin"),
        reacts("confused"),
        answers("/deploy staging"),
        comments(1),
        settles(),
        comments(1),
        untouched(),
        house=ASKED,
        audit="deploy unknown_word",
    ),
    row(
        "evil-reason",
        opens("a"),
        says(f"/lock staging for 1h {EVIL}"),
        reacts("rocket"),
        tells("is locked for", "@\u200balice", "\\<img"),
        keeps_quiet(" <img", " **b**", "](https://evil.example)", "@alice", " #1 |", "<!-- greenlane:living:1:1"),
        settles(),
        house=ASKED,
        audit="lock accepted",
    ),
    row(
        "evil-word",
        opens("a"),
        says("/deploy stag`@bob`<img>"),
        reacts("confused"),
        answers("I did not understand"),
        keeps_quiet("</img", "\n<img", " @bob"),
        house=ASKED,
        audit="deploy unknown_word",
    ),
)
