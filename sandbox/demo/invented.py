"""The invented company: people, two apps, their catalog, and seven pull requests that go well or wrong."""

from dataclasses import dataclass

from sandbox.control.ci import push_image
from sandbox.control.stage import Stage

CHECKS = ("build", "test")
NAMESPACES = ("payments-staging", "payments-production")
APPS = {"acme/checkout": "payments/checkout", "acme/receipts": "payments/receipts"}
FIRST_VERSION = "v1"
TEAM = ("alice", "bob")
WRITER = "carol"
"""May write, but is not of the team: may ask, not deploy."""
OUTSIDER = "mallory"
"""May read."""
ENVIRONMENTS = {"acme/checkout": ("staging", "production"), "acme/receipts": ("staging",)}
"""As in the catalog, for the page."""
TEAM = ("alice", "bob")
WRITER = "carol"
"""May write, but is not of the team: may ask, not deploy."""
OUTSIDER = "mallory"
"""May read."""
ENVIRONMENTS = {"acme/checkout": ("staging", "production"), "acme/receipts": ("staging",)}
"""As in the catalog, for the page."""

CATALOG = """\
version: 1
teams:
  payments:
    github: acme/payments
    apps:
      checkout:
        repository: acme/checkout
        image: {registry}/payments/checkout
        image_deadline: {image_deadline}
        environments:
          staging:
            namespace: payments-staging
            workload: deployment/checkout
            container: web
            deploy: on-merge
            soak: {soak}
          production:
            namespace: payments-production
            workload: deployment/checkout
            container: web
            deploy: on-command
            production: true
            soak: {production_soak}
      receipts:
        repository: acme/receipts
        image: {registry}/payments/receipts
        checks: {{require: [build]}}
        image_deadline: {image_deadline}
        environments:
          staging:
            namespace: payments-staging
            workload: deployment/receipts
            container: web
            deploy: on-push
            soak: {soak}
"""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A pull request to open; `image` is how the image CI builds from it behaves."""

    repository: str
    title: str
    body: str
    author: str
    branch: str
    path: str
    image: str = "ok"


PROPOSALS = (
    Proposal(
        repository="acme/checkout",
        title="Make the checkout twice as fast",
        body="One query instead of **n + 1**.\n\nMerge me, let CI pass, and watch staging. "
        "Then write `/deploy production` as alice or bob, and as somebody else.",
        author="alice",
        branch="faster-checkout",
        path="src/cart.py",
    ),
    Proposal(
        repository="acme/checkout",
        title="Round prices the Swiss way",
        body="To 5 Rappen.\n\nLet **CI fail** on the merged commit: nothing may be deployed, and the comment says why.",
        author="alice",
        branch="swiss-rounding",
        path="src/rounding.py",
    ),
    Proposal(
        repository="acme/checkout",
        title="Build with the new pipeline",
        body="Its push step is broken: CI turns green, but **no image arrives**. The cluster must not be touched.",
        author="alice",
        branch="new-pipeline",
        path=".ci/pipeline.yaml",
        image="missing",
    ),
    Proposal(
        repository="acme/checkout",
        title="Move the database settings",
        body="The new version **crashes at start**. The pull request should show why, with the last log line. "
        "After a version that went well, staging goes back to it by itself, and merges wait for `/resume staging`.",
        author="alice",
        branch="database-settings",
        path="src/settings.py",
        image="crash-at-start",
    ),
    Proposal(
        repository="acme/checkout",
        title="Show prices with tax",
        body="Goes well. After a failure before it, it waits until somebody writes `/resume staging`.",
        author="alice",
        branch="with-tax",
        path="src/tax.py",
    ),
    Proposal(
        repository="acme/receipts",
        title="Send receipts as PDF",
        body="A second app of the same team. It deploys every push to `main`.",
        author="bob",
        branch="pdf",
        path="src/pdf.py",
    ),
    Proposal(
        repository="acme/receipts",
        title="Number receipts without gaps",
        body="The new version **crashes at start**, and nothing that Greenlane released is there to go back to: "
        "the pull request says why, and version 1 goes on serving.",
        author="alice",
        branch="numbers",
        path="src/numbers.py",
        image="crash-at-start",
    ),
)


def invent_company(stage: Stage) -> None:
    """Organisation, people, team, repositories and their rules; nobody has done anything yet."""
    world = stage.world
    world.add_org("acme")
    for login in (*TEAM, WRITER):
        world.add_member("acme", world.add_user(login))
    world.add_user(OUTSIDER)
    team = world.add_team("acme", "payments", TEAM)
    for repository, image in APPS.items():
        made = world.add_repository(repository, files={"README.md": f"# {repository}\n", "src/app.py": "run()\n"})
        world.grant(made, team, "write")
        world.grant(made, WRITER, "write")
        world.grant(made, OUTSIDER, "read")
        world.grant(made, WRITER, "write")
        world.grant(made, OUTSIDER, "read")
        world.protect(made, "main", [(name, None) for name in CHECKS])
        stage.images[made.full_name] = [image]


async def run_first_versions(stage: Stage) -> None:
    """Version 1 of both apps runs, in the way a team would have set it up by hand."""
    for namespace in NAMESPACES:
        await stage.cluster.create_namespace(namespace)
    for image in APPS.values():
        await push_image(stage, image, FIRST_VERSION)
    name = "checkout"
    for namespace in NAMESPACES:
        await _create(stage, namespace, name)
    await _create(stage, NAMESPACES[0], "receipts")


async def _create(stage: Stage, namespace: str, name: str) -> None:
    image = f"{stage.image_host}/payments/{name}:{FIRST_VERSION}"
    await stage.cluster.create_deployment(namespace=namespace, name=name, container="web", image=image, replicas=2)


def open_proposals(stage: Stage) -> None:
    """The pull requests, with green checks on their heads, so that the button is green."""
    world = stage.world
    for one in PROPOSALS:
        files: dict[str, str | None] = {one.path: f"# {one.title}\n"}
        sha = world.push(one.repository, one.branch, author=one.author, files=files, message=one.title)
        pull = world.open_pull(
            one.repository, head=one.branch, base="main", title=one.title, body=one.body, author=one.author
        )
        stage.behaviours[pull.repository.id, pull.number] = one.image
        for name in CHECKS:
            world.report_check(
                one.repository, sha, name, conclusion="success", output={"title": f"{name} passed", "summary": ""}
            )
