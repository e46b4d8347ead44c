"""Answers to commands: the state first, the next line to type, and nothing of outsiders that formats or mentions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import Mistake, Verb
from bot.domain.hold import Hold
from bot.domain.intent import Kind, State
from bot.domain.lock import Lock, PullHold, Stop
from bot.domain.people import Comparison, Person
from bot.domain.policy import Wait
from bot.report import answers
from bot.report.answers import DiffView, HelpLine, PlaceView
from bot.report.markdown import MAX_SIZE, size
from tests.factories import NOW, after, intent, sha

ALICE = Person(id=1, login="alice")
WHERE = {"team": "payments", "app": "checkout", "environment": "staging"}
CODE = re.compile(r"(`+)[^`].*?(?<!`)\1(?!`)")
NASTY = "<!-- greenlane:living:1:1 --> @everyone [x](http://evil) **b** | `code` \n# h1"


def lock(reason: str = "careful") -> Lock:
    return Lock(
        **WHERE,
        repository_id=1,
        pull_request=12,
        owner=ALICE,
        reason=reason,
        set_at=NOW,
        expires_at=after(hours=2),
    )


def place(**changes: object) -> PlaceView:
    values = {"app": "checkout", "environment": "staging", "several_apps": False, "release": None}
    return PlaceView(**(values | {"healthy": "healthy, 2 of 2 pods available", "open": ()} | changes))  # type: ignore[arg-type]


def test_a_refusal_is_to_its_person_with_the_facts_and_the_next_line() -> None:
    said = answers.refusal("alice", "/deploy staging ", "the head moved.", "To deploy: `/deploy staging`")

    assert said == "@alice I did not do `/deploy staging`: the head moved.\n\nTo deploy: `/deploy staging`"
    assert answers.refusal("alice", "/abort", "no", "") == "@alice I did not do `/abort`: no."


def test_a_mistake_is_helped_with() -> None:
    mistake = Mistake(
        code="unknown_word",
        verb=Verb.DEPLOY,
        sentence="`x` is nothing.",
        usage=("/deploy [environment]",),
        suggestion="/deploy staging",
    )

    said = answers.misunderstood("alice", "/deploy x", mistake)

    assert "I did not understand `/deploy x`: `x` is nothing." in said
    assert "Did you mean `/deploy staging`?" in said
    assert said.endswith("`/deploy [environment]`")


@pytest.mark.parametrize("login", ["alice", "a-b-1"])
def test_a_login_is_mentioned(login: str) -> None:
    assert answers.mention(login) == f"@{login}"


@pytest.mark.parametrize("login", ["", "dependabot[bot]", "acme/everyone", "a b"])
def test_what_is_no_login_is_not_mentioned(login: str) -> None:
    assert not answers.mention(login).startswith("@")


def test_status_of_nothing_deployed() -> None:
    assert "- **staging**: nothing deployed by Greenlane yet" in answers.status([place()], [])


def test_status_says_what_runs_and_everything_around_it() -> None:
    running = intent(state=State.SUCCEEDED, digest="sha256:" + "9" * 64, sha=sha("a"))
    queued = intent(state=State.QUEUED, detail="no. 2, behind #13, which is waiting too", sha=sha("b"))
    view = place(
        release=running,
        open=((queued, ()),),
        hold=Hold(**WHERE, reason="rolled back", set_by="bob", set_at=NOW),
        lock=lock(),
        stop=Stop(reason="audit", set_by="ops", set_at=NOW, until=after(hours=1)),
        window="will deploy at 2026-03-05 09:00 UTC",
    )

    lines = answers.status([view], [PullHold(set_by="alice", set_at=NOW)]).splitlines()

    assert lines[0] == "### Greenlane: what runs where"
    assert lines[2].startswith("- **staging**: `aaaaaaa` · `sha256:999999999999…` (#12) since ")
    assert lines[2].endswith("by alice; healthy, 2 of 2 pods available")
    assert "no. 2, behind #\u200b13" in lines[3]
    assert lines[4].startswith("  - ⛔ stopped for `everything` until")
    assert "`/resume staging`" in lines[5]
    assert lines[6].startswith("  - 🔒 staging is locked for #12 by alice until")
    assert lines[7] == "  - 🕒 will deploy at 2026-03-05 09:00 UTC"
    assert lines[8].endswith("`/resume`")


def test_the_line_that_resumes_names_the_app_where_there_are_several() -> None:
    hold = Hold(**WHERE, reason="rolled back", set_by="bob", set_at=NOW)

    said = answers.status([place(several_apps=True, hold=hold)], [])

    assert "**staging** `checkout`" in said
    assert "`/resume staging checkout`" in said


def test_why_lists_every_wait_and_says_so_when_there_is_none() -> None:
    waits = (Wait(reason="on_hold", sentence="on hold; `/resume staging` lets them go on"),)
    waiting = intent(state=State.QUEUED, detail="on hold")

    said = answers.why([place(open=((waiting, waits),))], [])

    assert "- **staging** `aaaaaaa`: queued (#12): on hold" in said
    assert "  - on hold; `/resume staging` lets them go on" in said
    assert "Nothing of this repository waits" in answers.why([place()], [])


def test_why_says_how_the_last_one_ended() -> None:
    ended = intent(state=State.REFUSED, detail="`build` failed")

    assert "- **staging** `checkout` `aaaaaaa`: refused (#12): `build` failed (" in answers.why([place()], [ended])


def view(**changes: object) -> DiffView:
    values = {
        "environment": "staging",
        "running": intent(sha=sha("a")),
        "sha": sha("b"),
        "comparison": None,
        "image": "`x:1` is `sha256:1`",
        "dry_run": "",
    }
    return DiffView(**(values | changes))  # type: ignore[arg-type]


def comparison(**changes: object) -> Comparison:
    values = {
        "relation": "ahead",
        "ahead_by": 2,
        "behind_by": 0,
        "authors": ("alice", "bob"),
        "titles": ("Pay faster", NASTY),
        "url": "https://github.example/compare/a...b",
    }
    return Comparison(**(values | changes))  # type: ignore[arg-type]


def test_diff_counts_links_and_asks_the_cluster() -> None:
    said = answers.diff(view(comparison=comparison(), dry_run="accepts the change", warnings=("deprecated",)))

    assert "[`aaaaaaa` … `bbbbbbb`](https://github.example/compare/a...b): 2 commits more, by alice, bob" in said
    assert "- the cluster: accepts the change\n  - ⚠️ deprecated" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"running": None}, "nothing to compare with"),
        ({}, "GitHub can't compare it"),
        ({"comparison": comparison(relation="identical")}, "is what runs there"),
        ({"comparison": comparison(relation="diverged", ahead_by=1, behind_by=3)}, "1 commit more, 3 fewer"),
        ({"comparison": comparison(relation="behind", ahead_by=0, behind_by=3)}, "3 commits fewer"),
    ],
)
def test_diff_says_how_the_commits_lie(changes: dict, words: str) -> None:
    assert words in answers.diff(view(**changes))


def test_help_lists_what_somebody_may_and_says_why_not_the_rest() -> None:
    lines = [
        HelpLine(usage="/status", summary="Say what runs."),
        HelpLine(usage="/deploy", summary="Deploy.", denied="it needs membership of the team `acme/payments`"),
    ]

    said = answers.usage(lines, [("checkout", "staging", "deploys on-merge")])

    assert "| `/status` | Say what runs. |" in said
    assert "| `/deploy` |" not in said
    assert "You may not use the others: it needs membership of the team `acme/payments`." in said
    assert "- **staging** `checkout`: deploys on-merge" in said


def test_an_owner_hears_what_became_of_a_lock() -> None:
    taken = answers.lock_lost("alice", "bob", "staging", taken=True, number=13)
    ended = answers.lock_lost("alice", "bob", "staging", taken=False, number=13)

    assert taken == "🔓 @alice bob took the lock of **staging** over for #13."
    assert ended == "🔓 @alice bob ended the lock of **staging**."


def test_a_reminder_has_the_line_that_keeps_the_lock() -> None:
    assert "`/lock staging checkout for 2h`" in answers.lock_ends(lock())


def test_who_is_undone_hears_by_whom_and_how_automation_goes_on() -> None:
    rollback = intent(kind=Kind.ROLLBACK, sha=sha("a"), actor="bob")

    held, free = (answers.undone(rollback, held=each) for each in (True, False))

    assert held.startswith("↩️ **staging** was rolled back to `aaaaaaa` by bob, so this pull request's change")
    assert "`/resume staging checkout`" in held
    assert "/resume" not in free


def test_markers_tell_answers_apart() -> None:
    markers = [
        answers.reply_marker(1),
        answers.reply_marker(2),
        answers.note_marker(1, "ends-1"),
        answers.undone_marker(1, 12),
        answers.undone_marker(1, 13),
    ]

    assert len(set(markers)) == len(markers)


@given(st.text() | st.sampled_from([NASTY, "@everyone", "x" * 5_000]))
def test_nothing_from_outside_formats_mentions_or_passes_for_a_marker(text: str) -> None:
    waiting = intent(state=State.QUEUED, detail=text, actor=text)
    stop = Stop(reason=text, set_by=text, set_at=NOW, until=NOW)
    around = place(open=((waiting, (Wait(reason="x", sentence=text),)),), lock=lock(text), stop=stop, healthy=text)

    for said in (
        answers.refusal("alice", text, "no", ""),
        answers.status([around], [PullHold(set_by=text, set_at=NOW)]),
        answers.why([around], [waiting]),
        answers.diff(view(comparison=comparison(titles=(text,), authors=(text,)), warnings=(text,), dry_run="x")),
        answers.lock_ends(lock(text)),
        answers.lock_lost("alice", text, "staging", taken=True, number=1),
    ):
        assert "<!--" not in said
        outside_code = CODE.sub("", said)  # a code span neither mentions nor links
        assert "@everyone" not in outside_code
        assert "](http://evil" not in outside_code
        assert size(said) <= MAX_SIZE + 200
