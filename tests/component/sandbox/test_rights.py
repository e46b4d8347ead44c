"""The simulated cluster gives the bot what docs/connect.md tells people to give it, neither more nor less."""

from collections.abc import Iterable
from itertools import product
from typing import Any

from sandbox.cluster import Rule
from sandbox.demo.invented import NAMESPACES
from sandbox.demo.simulated import RIGHTS
from tests.cluster.ground import documented_rights

Right = tuple[str | None, str, str]
"""Namespace (None: the whole cluster), resource, verb."""


def test_bot_has_exactly_the_documented_rights():
    documents = documented_rights("greenlane", list(NAMESPACES))

    documented = {right for each in documents for right in _in_document(each)}

    assert len(documented) > 10
    assert {right for rule in RIGHTS for right in _in_rule(rule)} == documented


def _in_document(document: Any) -> Iterable[Right]:
    namespace = document["metadata"].get("namespace")
    for rule in document.get("rules", []):
        yield from product([namespace], rule["resources"], rule["verbs"])


def _in_rule(rule: Rule) -> Iterable[Right]:
    assert rule.names is None
    return product(rule.namespaces or [None], rule.resources, rule.verbs)
