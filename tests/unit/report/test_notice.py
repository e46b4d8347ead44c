"""The new comment after a failure or refusal: each finding once, where it was, what to do."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.intent import Evidence, State
from bot.report import check_run
from bot.report.comment import next_line, notice
from bot.report.view import View
from tests.factories import intent

SENTENCE = "container `web` exits with code 3 right after start"
STEP = "Read the container's last log lines, fix and merge."
CRASH = Evidence(
    reason="crash_loop",
    sentence=SENTENCE,
    pod="web-1",
    container="web",
    exit_code=3,
    log_lines=("fatal: first",),
    next_step=STEP,
)
TWIN = replace(CRASH, pod="web-2", log_lines=("fatal: second",))
OTHER = replace(CRASH, container="sidecar", sentence="container `sidecar` exits with code 1", exit_code=1, log_lines=())


def view(*evidence: Evidence, **changes: Any) -> View:
    values = {"state": State.FAILED, "reason": "crash_loop", "detail": f"{SENTENCE}, in 2 of 2 new pods"}
    return View(intent=intent(**(values | changes), evidence=evidence), timeline=(), web_url="https://github.example")


def body(seen: View) -> str:
    """The notice without its head, from the first paragraph on."""
    return notice(seen, marker="<!-- m -->").split("<!-- m -->\n\n", 1)[1]


def test_pods_that_fail_alike_are_one_finding_with_the_first_log() -> None:
    assert body(view(CRASH, TWIN)) == (
        "Container `web` exits with code 3 right after start, in 2 of 2 new pods (first pod `web-1`).\n\n"
        "```text\nfatal: first\n```\n\n"
        f"{STEP}\n\n"
        "Fix and merge, or `/deploy staging` to try the same version again."
    )


def test_without_the_verdicts_count_the_pods_seen_are_counted() -> None:
    assert ", in 2 new pods (first pod `web-1`)." in body(view(CRASH, TWIN, detail="not finished after 10 min"))


def test_a_verdict_that_no_finding_names_comes_first() -> None:
    late = f"not finished after 10 min: 0 of 2 new pods ready; {SENTENCE} (pod `web-1`)"

    text = body(view(CRASH, reason="deadline", detail=late))

    assert text.startswith("Not finished after 10 min: 0 of 2 new pods ready.\n\nContainer `web` exits with code 3")
    assert text.count("exits with code 3") == 1


def test_different_findings_are_paragraphs_and_share_a_next_step() -> None:
    text = body(view(CRASH, OTHER))

    assert "```\n\nContainer `sidecar` exits with code 1 (pod `web-1`).\n\n" in text
    assert text.count(STEP) == 1


def test_different_next_steps_are_all_there() -> None:
    text = body(view(CRASH, replace(OTHER, next_step="Raise the limit.")))

    assert text.index(STEP) < text.index("Container `sidecar`") < text.index("Raise the limit.")


def test_the_clusters_words_stay_inert() -> None:
    text = body(view(replace(CRASH, words="no `such` @alice\n# thing")))

    assert "(pod `web-1`): `` no `such` @alice # thing ``\n" in text


@pytest.mark.parametrize("detail", ["the tag is not there", "the tag is not there."])
def test_without_evidence_the_workload_and_namespace_are_named(detail: str) -> None:
    text = body(view(state=State.REFUSED, reason="image_invalid", detail=detail))

    assert text.startswith(
        "The tag is not there. It is about `deployment/checkout` in `payments-staging`.\n\nFix and merge, or `/deploy"
    )


@pytest.mark.parametrize("reason", ["checks_failed", "checks_deadline", "image_not_found"])
def test_what_is_taken_up_again_says_so(reason: str) -> None:
    refused = view(state=State.REFUSED, reason=reason)

    assert next_line(refused).endswith("merge again. Or run CI again on this commit: the same deploy goes on.")


def test_what_is_not_taken_up_again_does_not_promise_it() -> None:
    assert "run CI again" not in next_line(view(state=State.REFUSED, reason="image_invalid"))
    assert "run CI again" not in next_line(view(state=State.FAILED, reason="image_not_found"))


def test_the_check_run_has_the_findings_once_too() -> None:
    text = check_run.output(view(CRASH, TWIN)).text

    assert text.count("exits with code 3") == 1
    assert f"{STEP}\n\n**Timeline**" in text


def test_an_exit_code_the_sentence_lacks_is_named() -> None:
    silent = replace(CRASH, sentence="the command of container `web` can't be run", exit_code=128)

    assert "can't be run (pod `web-1`, exit code 128).\n" in body(view(silent, detail="x"))
    assert "exit code 3" not in body(view(CRASH))


def test_the_last_event_is_shown_where_it_adds_something() -> None:
    event = "Readiness probe failed: HTTP probe failed with statuscode: 503"

    assert f"(pod `web-1`). The cluster's last event: `{event}`\n" in body(view(replace(CRASH, event=event)))
    assert f"(pod `web-1`): `why`. The cluster's last event: `{event}`\n" in body(
        view(replace(CRASH, event=event, words="why"))
    )
    assert "last event" not in body(view(replace(CRASH, event=event, words=f"{event} (x3)")))
