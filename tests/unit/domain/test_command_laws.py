"""What holds for every comment: no surprise, no command that was not said, no waiting."""

import random
import string
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.command import SPECS, Command, Mistake, Part, Verb, Vocabulary, format_command, parse

WORDS = Vocabulary(apps={"checkout": ("staging", "production"), "web": ("staging",)})
PIECES = st.sampled_from(
    [
        *(f"/{verb}" for verb in Verb),
        *(
            "staging",
            "production",
            "checkout",
            "web",
            "stagng",
            "to",
            "for",
            "2h",
            "#12",
            "a1b2c3d",
            "--hotfix",
            "hours",
        ),
        *(" ", " ", " ", "\n", "\n", "\n\n", "\t", "\r\n", "\u202e", "\x00"),
        *("```", "~~~", "`", "``", "> ", "- ", "1. ", "<!--", "-->", "<b", "<pre>", "</pre>", "[", "](", "$$", "| - |"),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join))
PLAIN = st.text(alphabet=string.ascii_letters + " .,", max_size=40).map(lambda text: " ".join(text.split()))
DEADLINE = 15.0
"""Seconds of processor time for a body that takes one, so that a busy machine is no failure and a square one is."""


@st.composite
def commands(draw: st.DrawFn) -> Command:
    verb = draw(st.sampled_from(list(Verb)))
    takes = SPECS[verb].takes
    places = [(None, None), ("staging", None), (None, "web"), ("production", "checkout")]
    environment, app = draw(st.sampled_from(places)) if Part.APP in takes else (None, None)
    sha = st.none() | st.text(alphabet="0123456789abcdef", min_size=7, max_size=39).map(lambda text: text + "a")
    command = Command(verb=verb, environment=environment, app=app, line="")
    if Part.SHA in takes:
        command = replace(command, sha=draw(sha))
    if Part.TO in takes:
        command = replace(command, sha=draw(sha))
        if command.sha is None:
            command = replace(command, intent=draw(st.none() | st.integers(1, 10**18 - 1)))
    if Part.FOR in takes and draw(st.booleans()):
        command = replace(command, duration=timedelta(seconds=draw(st.integers(60, 7 * 86_400))))
    if Part.HOTFIX in takes and (reason := draw(PLAIN)):
        command = replace(command, hotfix=True, reason=reason)
    if Part.REASON in takes:
        # Begins like no name, and has no `for`.
        command = replace(command, reason=f"zz {draw(PLAIN)}".replace("for", "").replace("FOR", "").strip())
        command = replace(command, reason=" ".join(command.reason.split()))
    return command


@given(TEXTS)
def test_parse_never_raises_and_what_it_understands_can_be_said_again(body: str):
    found = parse(body, WORDS)

    if isinstance(found, Command):
        again = parse(format_command(found), WORDS)
        assert isinstance(again, Command)
        assert replace(again, line="") == replace(found, line="")


@given(TEXTS)
def test_what_is_suggested_is_understood(body: str):
    found = parse(body, WORDS)

    if isinstance(found, Mistake) and found.suggestion:
        suggested = parse(found.suggestion, WORDS)
        assert isinstance(suggested, Command)
        assert suggested.verb is found.verb


@given(TEXTS)
def test_nothing_is_answered_unless_a_line_begins_with_a_verb_of_ours(body: str):
    found = parse(body, WORDS)

    if found is not None:
        lines = body.replace("\r", "\n").split("\n")
        assert any(line.lower().startswith(f"/{found.verb}") for line in lines)


@given(commands(), st.randoms(use_true_random=False))
def test_capitals_and_spacing_do_not_matter(command: Command, chance: random.Random):
    # Given a line whose free text stays as it is
    line = format_command(replace(command, reason=""))
    line = "".join(chance.choice((each.upper(), each.lower())) for each in line)
    line = f"{line} {command.reason}".rstrip().replace(" ", chance.choice((" ", "  ", "\t", " \t ")))
    line += chance.choice(("", " ", "\t"))

    # When
    found = parse(line, WORDS)

    # Then
    assert isinstance(found, Command), found
    assert replace(found, line="") == command


@pytest.mark.parametrize(
    "wrap",
    [
        "```\n{}\n```",
        "```text\n{}\n```",
        "```\n{}",
        "`````\n```\n{}\n```\n`````",
        "~~~\n{}\n~~~",
        "~~~ a`b\n```\n{}\n~~~\n",
        "   ```\n{}\n   ```",
        "    {}",
        "\t{}",
        "> {}",
        ">{}",
        "> quoted\n{}",
        "> > quoted\n> once\n{}",
        "- > quoted\n{}",
        "> - quoted\n{}",
        "> [!NOTE]\n> x\n{}",
        "- ```\n  {}\n  ```",
        "1. x\n\n   ```\n   {}\n   ```",
        "> ```\n> {}\n> ```",
        "<!-- {} -->",
        "<!--\n{}\n-->",
        "<!--\n\n{}\n\n-->",
        "<!-- never closed\n\n{}",
        "a <!-- b\n{}\n--> c",
        "`{}`",
        "see `\n{}\n`",
        "see ``a`\n{}\n`b``",
        "\\``x\n{}\n`",
        "<a href='`'> `\n{}\n`",
        "<pre>\n{}\n</pre>",
        "<pre>\n\n{}\n\n</pre>",
        "<details>\n<summary>x</summary>\n\n{}\n\n</details>",
        "<blockquote>\n\n{}",
        "<a title='\n{}\n'>x</a>",
        "[x](/y '\n{}\n')",
        "![x\n{}\n](/y)",
        "[x]:\n{}",
        "[x]: /y '\n{}\n'",
        "- [x]:\n{}",
        "$$\n{}\n$$",
        "| a |\n|---|\n{}",
        "a | b\n--|--\n{} | c",
        "x\n===\n\n```\n{}\n```",
        "- a\n```\n{}\n```",
        "- a\n  ```\n\n```\n{}\n```",
        "```a`b\n\n```\n{}\n```",
        "~~~\n```\n~~~\n```\n{}",
        "```\n    ```\n{}",
        "> " * 40 + "x\n\n{}",
        "- a\n</b>\n\n{}",
    ],
)
@settings(max_examples=15, deadline=None)
@given(command=commands())
def test_what_is_quoted_shown_or_hidden_is_no_command(wrap: str, command: Command):
    assert parse(wrap.format(format_command(command)), WORDS) is None


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "Ready.\n{}\nThanks!",
        "# Ready\n{}",
        "> quoted\n\n{}",
        "> quoted\n# mine\n{}",
        "```\nlog\n```\n{}",
        "```\nlog\n```\n\n{}",
        "- ```\n  log\n\n{}",
        "> ```\n> log\n\n{}",
        "<!-- note -->\n{}",
        "a <!-- note -->\n{}",
        "`web` is mended\n{}\nsee `logs`",
        "\\`web\n{}\n\\`",
        "<details>\n\nlog\n\n</details>\n\n{}",
        "see [the run](https://ci.example/1)\n{}\n(it is green)",
        "see <https://ci.example/1>\n{}\n-> green",
        "[JIRA-1] mended\n{}",
        "- reviewed\n- tested\n{}",
        "costs $5 <3\n{}",
        "{}\n---\nbob",
        "- \n\n  text\n\n\n```\nlog\n```\n{}",
    ],
)
def test_what_stands_beside_other_things_is_a_command(body: str):
    assert isinstance(parse(body.format("/deploy staging"), WORDS), Command)


@pytest.mark.parametrize(
    "nasty",
    [
        *("> " * 30_000, "- " * 30_000, "\t" * 60_000, "\n" * 60_000, "* " * 30_000 + "x", "\\" * 60_000),
        *("<a " * 20_000, "<!--" * 16_000, "<a b='" * 10_000, "<a" + " a" * 30_000, "<a" + " " * 60_000 + "b"),
        *("](" * 30_000, "![" * 30_000, "[" * 60_000, "$$\n" * 20_000, "<details>" * 7_000, "`a``b" * 13_000),
        *("`\na\n" * 16_000, "```\n" * 16_000, "> a\n" * 16_000, "a\n=\n" * 16_000, "- a\n1. b\n" * 7_000),
        "".join("`" * length + "a" for length in range(1, 350)),
        "\n".join("  " * depth + "- a" for depth in range(240)),
        *("/deploy staging\n" * 4_000, "/deploy " + "staging " * 8_000, "/lock " + "for 2h " * 9_000),
        "".join(f"/lock {number}\n" for number in range(6_000)),
    ],
    ids=lambda text: repr(text[:8]),
)
@pytest.mark.parametrize("place", ["{}\n/deploy staging\n", "/deploy staging\n{}", "a\n{}\n\n\n/deploy staging"])
def test_time_grows_with_the_length_alone(nasty: str, place: str):
    body = place.replace("{}", nasty)
    started = time.process_time()

    parse(body, WORDS)

    assert time.process_time() - started < DEADLINE
