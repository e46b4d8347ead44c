"""Images that the node can't have."""

from tests.testbed.cases.case import Case, Expected

PULLS = (
    Case(
        name="missing-tag",
        title="a tag that was never pushed",
        image="missing",
        expected=Expected(verdict="failed", reason="image_not_found", finding="image_not_found"),
    ),
    Case(
        name="index-without-platform",
        title="an index that lacks the node's platform",
        image="index-without-platform",
        expected=Expected(verdict="failed", reason="image_platform", finding="image_platform"),
    ),
    Case(
        name="other-platform",
        title="a single manifest of another platform: pulled without a word, and not run",
        image="other-platform",
        expected=Expected(verdict="failed", reason="crash_loop", finding="crash_loop"),
    ),
    Case(
        name="denied",
        title="a registry that asks for credentials",
        image="denied",
        expected=Expected(verdict="failed", reason="image_denied", finding="image_denied"),
    ),
    Case(
        name="unreachable",
        title="a registry nobody answers for",
        image="unreachable",
        expected=Expected(verdict="failed", reason="image_pull", finding="image_pull", grace="registry"),
    ),
    Case(
        name="invalid-name",
        title="an image name that is none",
        image="invalid-name",
        expected=Expected(verdict="failed", reason="invalid_image_name", finding="invalid_image_name"),
    ),
    Case(
        name="never-pull",
        title="imagePullPolicy: Never, and the node does not have it",
        container={"imagePullPolicy": "Never"},
        expected=Expected(verdict="failed", reason="image_never_pulled", finding="image_never_pulled"),
    ),
)
