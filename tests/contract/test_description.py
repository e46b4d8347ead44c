"""The checker itself: it must catch what is wrong, and know GitHub's own examples to be right."""

import json

import pytest

from sandbox.github.rest.routes import ROUTES
from tests.contract.known_deviations import KNOWN_DEVIATIONS
from tests.contract.validator import BASE_VERSION, DATA, NEXT_VERSION, ContractValidator, load, operations

EXAMPLES = json.loads((DATA / "rest" / "rest-examples.json").read_text())


REQUESTS = [
    (operation, name, body)
    for operation, example in EXAMPLES.items()
    for name, body in example.get("request", {}).items()
]
DERIVED = sorted((DATA / "derived").glob("*.json"))


@pytest.mark.parametrize("version", [BASE_VERSION, NEXT_VERSION])
def test_every_route_is_an_operation_of_the_description(version):
    described = operations(version)
    for route in ROUTES:
        operation = described[route.operation]
        assert (route.method, route.template) == (operation["method"], operation["path"])


def test_no_operation_is_routed_twice():
    names = [route.operation for route in ROUTES]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(("operation", "name", "body"), REQUESTS, ids=[f"{r[0]}-{r[1]}" for r in REQUESTS])
@pytest.mark.parametrize("version", [BASE_VERSION, NEXT_VERSION])
def test_published_request_examples_are_accepted(operation, name, body, version):
    checker = ContractValidator(version)

    checker.request(operation=operation, version=version, query={}, body=body, has_body=True)

    assert checker.violations == []


@pytest.mark.parametrize("file", DERIVED, ids=lambda file: file.stem)
def test_derived_payloads_fit_the_description(file):
    checker = ContractValidator()
    event, _, action = file.stem.partition(".")

    checker.webhook(
        event=event,
        action=action.split(".")[0] if event != "status" else None,
        payload=json.loads(file.read_text()),
        version=BASE_VERSION,
    )

    assert checker.violations == []


def test_most_recorded_payloads_fit_and_the_rest_are_old():
    fitting = 0
    for file in sorted((DATA / "events").glob("*.json")):
        if file.stem == "index":
            continue
        payload = json.loads(file.read_text())
        event = file.stem.split(".")[0]
        checker = ContractValidator()
        checker.webhook(event=event, action=payload.get("action"), payload=payload, version=BASE_VERSION)
        fitting += not checker.violations

    assert fitting == 35


def test_unknown_request_key_is_a_violation():
    checker = ContractValidator()

    checker.request(
        operation="repos/create-deployment-status",
        version=BASE_VERSION,
        query={},
        body={"state": "success", "env_url": "https://example.com"},
        has_body=True,
    )

    assert "env_url" in checker.violations[0]


def test_unknown_nested_request_key_is_a_violation():
    checker = ContractValidator()

    checker.request(
        operation="checks/update",
        version=BASE_VERSION,
        query={},
        body={"output": {"title": "x", "summary": "y", "sumary": "z"}},
        has_body=True,
    )

    assert "sumary" in checker.violations[0]


def test_unknown_query_parameter_is_a_violation():
    checker = ContractValidator()

    checker.request(
        operation="checks/list-for-ref", version=BASE_VERSION, query={"name": "build"}, body=None, has_body=False
    )

    assert checker.violations == ["request checks/list-for-ref: unknown query parameter name"]


def test_missing_answer_key_is_a_violation():
    checker = ContractValidator()

    checker.answer(operation="repos/create-deployment", version=BASE_VERSION, status=201, body={"id": 1})

    assert checker.violations


def test_undescribed_status_is_a_violation():
    checker = ContractValidator()

    checker.answer(operation="pulls/get", version=BASE_VERSION, status=202, body={})

    assert checker.violations == ["answer pulls/get 202: this status is not described"]


def test_newer_version_forbids_what_it_dropped():
    body = {"resources": {}, "rate": {"limit": 1, "remaining": 1, "reset": 1, "used": 0}}
    checker = ContractValidator()

    checker.answer(operation="rate-limit/get", version=NEXT_VERSION, status=200, body=body)

    assert any("/rate" in violation for violation in checker.violations)


def test_newer_version_patches_reach_merge_commit_sha():
    pull = load(NEXT_VERSION)["components"]["schemas"]["pull-request"]

    assert pull["properties"]["merge_commit_sha"] is False
    assert "merge_commit_sha" not in pull["required"]


def test_deviations_say_why():
    assert all(len(known.reason) > 40 for known in KNOWN_DEVIATIONS)
