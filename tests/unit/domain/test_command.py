"""What people type, and what becomes of it."""

from datetime import timedelta

import pytest

from bot.domain.command import COMMANDS, SPECS, Command, Mistake, Verb, Vocabulary, format_command, parse

WORDS = Vocabulary(
    apps={
        "checkout": ("staging", "production"),
        "web": ("Staging", "qa"),
        "qa": ("staging",),
        "abcdef1": ("deadbee",),
    }
)
SHA = "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0"


def _understood(line: str) -> dict[str, object]:
    """Only what was said."""
    found = parse(line, WORDS)
    assert isinstance(found, Command), found
    assert found.line == line.rstrip(" \t")
    fields = ("environment", "app", "sha", "intent", "reason", "duration", "hotfix")
    return {name: value for name in fields if (value := getattr(found, name)) not in {None, "", False}}


def _mistake(body: str) -> Mistake:
    found = parse(body, WORDS)
    assert isinstance(found, Mistake), found
    return found


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_stands_alone_too(verb: Verb):
    assert parse(f"/{verb}", WORDS) == Command(verb=verb, line=f"/{verb}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/deploy production", {"environment": "production"}),
        ("/DEPLOY Production", {"environment": "production"}),
        ("/deploy\tproduction  \t", {"environment": "production"}),
        ("/deploy checkout", {"app": "checkout"}),
        ("/deploy checkout production", {"environment": "production", "app": "checkout"}),
        ("/deploy production checkout", {"environment": "production", "app": "checkout"}),
        ("/deploy a1b2c3d", {"sha": "a1b2c3d"}),
        ("/deploy A1B2C3D", {"sha": "a1b2c3d"}),
        ("/deploy 1234567", {"sha": "1234567"}),
        (f"/deploy production checkout {SHA}", {"environment": "production", "app": "checkout", "sha": SHA}),
        (f"/deploy {SHA} checkout production", {"environment": "production", "app": "checkout", "sha": SHA}),
        ("/deploy web staging", {"environment": "Staging", "app": "web"}),
        ("/deploy deadbee", {"environment": "deadbee"}),
        ("/deploy abcdef1", {"app": "abcdef1"}),
        ("/deploy qa", {"environment": "qa"}),
        ("/deploy qa staging", {"environment": "staging", "app": "qa"}),
        ("/deploy staging qa", {"environment": "staging", "app": "qa"}),
        ("/deploy web qa", {"environment": "qa", "app": "web"}),
        ("/deploy --hotfix shop is down", {"hotfix": True, "reason": "shop is down"}),
        ("/deploy production --HOTFIX --now `x`", {"environment": "production", "hotfix": True, "reason": "--now `x`"}),
        ("/rollback production", {"environment": "production"}),
        ("/rollback to 123", {"intent": 123}),
        ("/rollback to #1234567", {"intent": 1_234_567}),
        ("/rollback production checkout TO #12", {"environment": "production", "app": "checkout", "intent": 12}),
        ("/rollback to a1b2c3d", {"sha": "a1b2c3d"}),
        (f"/rollback to {SHA.upper()}", {"sha": SHA}),
        (f"/rollback to {'1' * 40}", {"sha": "1" * 40}),
        ("/diff checkout production", {"environment": "production", "app": "checkout"}),
        ("/lock staging", {"environment": "staging"}),
        ("/lock for 2h", {"duration": timedelta(hours=2)}),
        ("/lock for 2H", {"duration": timedelta(hours=2)}),
        ("/lock for 60s", {"duration": timedelta(minutes=1)}),
        ("/lock for 7d", {"duration": timedelta(days=7)}),
        (
            "/lock staging testing the migration for 2h",
            {"environment": "staging", "reason": "testing the migration", "duration": timedelta(hours=2)},
        ),
        (
            "/lock for 1h30m staging checkout   a  load test",
            {
                "environment": "staging",
                "app": "checkout",
                "reason": "a load test",
                "duration": timedelta(minutes=90),
            },
        ),
        ("/lock staging waiting for Bob", {"environment": "staging", "reason": "waiting for Bob"}),
        ("/lock staging 🚀 – naïve -5 test", {"environment": "staging", "reason": "🚀 – naïve -5 test"}),
        ("/lock staging checkout staged", {"environment": "staging", "app": "checkout", "reason": "staged"}),
        ("/unlock staging", {"environment": "staging"}),
        ("/hold production checkout", {"environment": "production", "app": "checkout"}),
        ("/resume production", {"environment": "production"}),
        ("/abort staging", {"environment": "staging"}),
    ],
)
def test_what_is_understood(line: str, said: dict[str, object]):
    assert _understood(line) == said


@pytest.mark.parametrize(
    ("line", "code", "suggestion"),
    [
        ("/deploy prodution", "unknown_word", "/deploy production"),
        ("/deploy production chekout", "unknown_word", "/deploy production checkout"),
        ("/deploy to production", "unknown_word", "/deploy production"),
        ("/deploy xyz", "unknown_word", ""),
        ("/deploy a1b2c3", "unknown_word", ""),
        (f"/deploy {SHA}0", "unknown_word", ""),
        ("/deploy #12", "unknown_word", ""),
        ("/deploy ſtaging", "unknown_word", "/deploy staging"),
        ("/deploy stаging", "unknown_word", "/deploy staging"),  # a Cyrillic letter
        ("/deploy staging; rm -rf", "unknown_flag", ""),
        ("/deploy staging | x=1", "unknown_word", ""),
        ("/hold production a1b2c3d", "unknown_word", ""),
        ("/lock stagin the migration", "unknown_word", "/lock staging the migration"),
        ("/lock staging chekout broken", "unknown_word", "/lock staging checkout broken"),
        ("/deploy production staging", "repeated_word", ""),
        ("/deploy checkout web", "repeated_word", ""),
        ("/deploy a1b2c3d b1b2c3d", "repeated_word", ""),
        ("/lock staging production is fragile", "repeated_word", ""),
        ("/lock for 2h for 3h", "repeated_word", ""),
        ("/lock for for 2h 3h", "repeated_word", ""),
        ("/deploy checkout qa", "environment_not_of_app", ""),
        ("/deploy --force", "unknown_flag", ""),
        ("/deploy production --hotfx shop is down", "unknown_flag", "/deploy production --hotfix shop is down"),
        ("/deploy —hotfix shop is down", "unknown_flag", "/deploy --hotfix shop is down"),
        ("/deploy --hotfix=down", "unknown_flag", ""),
        ("/rollback --hotfix bad", "unknown_flag", ""),
        ("/lock staging --for 2h", "unknown_flag", "/lock staging for 2h"),
        ("/lock staging test --force", "unknown_flag", ""),
        ("/deploy production --hotfix", "reason_missing", ""),
        ("/rollback to", "target_missing", ""),
        ("/rollback to yesterday", "target_missing", ""),
        ("/rollback to 0", "target_missing", ""),
        ("/rollback to production", "target_missing", "/rollback production"),
        ("/rollback to 1234567", "ambiguous_number", "/rollback to #1234567"),
        ("/rollback production a1b2c3d", "to_missing", "/rollback production to a1b2c3d"),
        ("/rollback #12", "to_missing", "/rollback to #12"),
        ("/rollback to 1 to 2", "unknown_word", ""),
        ("/status staging", "unexpected_word", "/status"),
        ("/why not", "unexpected_word", "/why"),
        ("/help --all", "unexpected_word", "/help"),
        ("/lock for", "duration_invalid", ""),
        ("/lock staging for 2", "duration_invalid", ""),
        ("/lock staging for two hours", "duration_invalid", ""),
        ("/lock staging for 2 hours", "duration_invalid", ""),
        ("/lock staging for 30m1h", "duration_invalid", ""),
        ("/lock for ٢h", "duration_invalid", ""),
        ("/lock for 59s", "duration_out_of_range", "/lock for 1m"),
        ("/lock for 0m", "duration_out_of_range", "/lock for 1m"),
        ("/lock staging for 8d busy", "duration_out_of_range", "/lock staging for 7d busy"),
        ("/lock for 999999999d", "duration_out_of_range", "/lock for 7d"),
        ("/lock staging " + "x" * 487, "line_too_long", ""),
        ("/deploy\u00a0staging", "strange_characters", ""),
        ("/deploy\u200b staging", "strange_characters", ""),
        ("/deploy staging\u202e", "strange_characters", ""),
        ("/deploy stag\x00ing", "strange_characters", ""),
        ("/deploy\x0bstaging", "strange_characters", ""),
        ("/lock staging \u2028 x", "strange_characters", ""),
        ("/deploy staging\n/rollback staging", "several_commands", ""),
        ("/deploy staging\n\n/deploy production", "several_commands", ""),
        ("/status\n/why", "several_commands", ""),
        ("/deploy staging\n/help me", "several_commands", ""),
    ],
)
def test_what_is_a_mistake(line: str, code: str, suggestion: str):
    found = _mistake(line)

    assert (found.code, found.suggestion) == (code, suggestion)
    assert SPECS[found.verb].usage in found.usage


@pytest.mark.parametrize(
    "body",
    [
        "",
        "ship it",
        "/",
        "/deploys",
        "/deploy.",
        "/deploy/staging",
        "/deployé",
        "/deplo staging",
        "/DEPLOYſ",
        "/ſtatus",
        "/lgtm",
        "/test all",
        "//deploy staging",
        " /deploy staging",
        "\t/deploy staging",
        "\ufeff/deploy staging",
        "\u200b/deploy staging",
        "please /deploy staging",
        "**/deploy staging**",
        "`/deploy staging`",
        "@greenlane /deploy staging",
        "\\/deploy staging",
        "-/deploy staging",
        "a\x0b/deploy staging",
        "a\u2028/deploy staging",
    ],
)
def test_what_is_none_of_our_business(body: str):
    assert parse(body, WORDS) is None


@pytest.mark.parametrize("body", ["/deploy staging\r\n", "Done.\r/deploy staging\rThanks", "a\n/deploy staging\nb"])
def test_every_line_end_of_markdown_counts(body: str):
    assert isinstance(parse(body, WORDS), Command)


def test_the_same_line_twice_is_one_command():
    found = parse("/deploy  staging\n\n/Deploy staging", WORDS)

    assert isinstance(found, Command)
    assert found.environment == "staging"


def test_an_environment_is_spelled_as_its_app_spells_it():
    assert _understood("/deploy web STAGING")["environment"] == "Staging"
    assert _understood("/deploy STAGING")["environment"] == "staging"


def test_sentences_hold_outside_text_in_code_only():
    found = _mistake("/deploy @everyone`<img>`")

    assert "`@everyone'<img>'`" in found.sentence


def test_a_long_word_is_cut_and_many_names_are_counted():
    many = Vocabulary(apps={f"app{number}": ("staging",) for number in range(100)})

    found = parse("/deploy " + "x" * 400, many)

    assert isinstance(found, Mistake)
    assert len(found.sentence) < 500
    assert "and 89 more" in found.sentence


def test_an_empty_vocabulary_knows_no_names():
    found = parse("/deploy staging", Vocabulary(apps={}))

    assert isinstance(found, Mistake)
    assert found.sentence.endswith("there are none.")


@pytest.mark.parametrize("spec", COMMANDS, ids=lambda spec: spec.verb)
def test_the_registry_shows_what_the_grammar_takes(spec):
    # Every part of the usage has its brackets, every example is understood.
    assert spec.usage.split()[0] == f"/{spec.verb}"
    assert spec.usage.count("[") == len(spec.takes)
    for example in spec.examples:
        found = parse(example, WORDS)
        assert isinstance(found, Command)
        assert format_command(found) == example


def test_the_registry_knows_every_verb_once_and_which_change_something():
    assert [spec.verb for spec in COMMANDS] == list(Verb)
    assert {spec.verb for spec in COMMANDS if not spec.changes} == {Verb.STATUS, Verb.WHY, Verb.DIFF, Verb.HELP}
