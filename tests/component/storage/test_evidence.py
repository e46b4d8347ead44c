"""Evidence survives the database, also what was written before it had all its fields."""

from dataclasses import asdict, fields
from typing import Any, cast

from sqlalchemy import RowMapping

from bot.domain.intent import Evidence, Facts
from bot.storage.intent_rows import from_facts, to_intent
from bot.storage.tables import intents
from tests.factories import NOW

CRASH = Evidence(reason="crash_loop", sentence="it exits", pod="web-1", event="Back-off", log_lines=("a", "b"))


def row(evidence: list[dict[str, Any]]) -> RowMapping:
    values: dict[str, Any] = dict.fromkeys((column.name for column in intents.columns), "")
    values |= {"kind": "automatic", "state": "failed", "accepted_digests": [], "evidence": evidence, "state_since": NOW}
    return cast("RowMapping", values)


def test_evidence_comes_back_as_it_went() -> None:
    assert to_intent(row(from_facts(Facts(evidence=[CRASH]))["evidence"])).evidence == (CRASH,)


def test_evidence_of_before_the_event_was_kept_is_read() -> None:
    old = {name: value for name, value in asdict(CRASH).items() if name != "event"}

    (read,) = to_intent(row([old])).evidence

    assert read.event == ""
    assert read.pod == "web-1"
    assert {field.name for field in fields(read)} == {*old, "event"}
