"""A valid catalog: what it becomes, and what it answers."""

from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.catalog import Catalog, ChecksRule, DeployOn, OnFailure, load_catalog, select_files
from bot.domain.graces import Graces
from bot.domain.intent import Target

SAMPLE = """\
version: 1
teams:
  payments:
    github: acme/payments
    apps:
      checkout:
        repository: Acme/Checkout
        repository_id: 42
        branch: main
        image: registry.example:5000/payments/checkout
        tag: "v-{short_sha}"
        checks: {require: [build, test], ignore: [codecov/patch]}
        checks_deadline: 1h30m
        image_deadline: 90s
        environments:
          staging: {namespace: payments-staging, workload: deployment/checkout, container: web, deploy: on-merge}
          production:
            namespace: payments-production
            workload: deployment/checkout
            container: web
            deploy: on-command
            url: https://shop.example/start
            rollout_deadline: 20m
            soak: 1m
  search:
    github: acme/search
    apps:
      indexer:
        repository: acme/search
        image: registry.example/search/indexer
        checks: none
        paths: ["indexer/**", "!**/*.md"]
        environments:
          prod: {namespace: search, workload: deployment/indexer, container: app, deploy: on-push, production: false}
"""


def load(text: str, **files: str) -> Catalog:
    return load_catalog({"greenlane.yaml": text, **files})


def test_every_key_arrives():
    # When
    app = load(SAMPLE).app("payments", "checkout")

    # Then
    assert app is not None
    assert (app.repository, app.repository_id, app.branch) == ("Acme/Checkout", 42, "main")
    assert (app.image.registry, app.image.path) == ("registry.example:5000", "payments/checkout")
    assert app.tag.render(sha="a" * 40, branch="main", pull_request=None) == "v-aaaaaaa"
    assert app.checks == ChecksRule(require=("build", "test"), ignore=("codecov/patch",))
    assert (app.checks_deadline, app.image_deadline) == (timedelta(minutes=90), timedelta(seconds=90))
    staging, production = app.environments
    assert staging.target == Target(namespace="payments-staging", kind="deployment", name="checkout", container="web")
    assert (staging.deploy, staging.production, staging.url) == (DeployOn.MERGE, False, "")
    assert (production.deploy, production.production) == (DeployOn.COMMAND, True)
    assert (production.url, production.rollout_deadline) == ("https://shop.example/start", timedelta(minutes=20))
    assert (staging.soak, production.soak) == (timedelta(seconds=30), timedelta(minutes=1))


def test_what_is_left_out_has_the_documented_default():
    app = load(SAMPLE.replace("        checks: none\n", "")).app("search", "indexer")

    assert app is not None
    assert app.tag.text == "{sha}"
    assert app.checks == ChecksRule(none=False, require=(), ignore=())
    assert (app.branch, app.repository_id) == (None, None)
    assert (app.checks_deadline, app.image_deadline) == (timedelta(hours=2), timedelta(minutes=15))
    assert app.environments[0].rollout_deadline is None


def test_checks_none_is_not_the_default():
    app = load(SAMPLE).app("search", "indexer")

    assert app is not None
    assert app.checks == ChecksRule(none=True)


def test_production_can_be_denied_by_name_and_claimed_by_key():
    denied = load(SAMPLE).environment("search", "indexer", "prod")
    claimed = load(SAMPLE.replace("container: web, deploy", "container: web, production: true, deploy")).environment(
        "payments", "checkout", "staging"
    )

    assert denied is not None
    assert not denied.production
    assert claimed is not None
    assert claimed.production


@pytest.mark.parametrize("kind", ["deployment", "statefulset", "daemonset"])
def test_each_kind_of_workload_may_be_a_target(kind: str):
    environment = load(SAMPLE.replace("deployment/indexer", f"{kind}/indexer")).environment("search", "indexer", "prod")

    assert environment is not None
    assert environment.target == Target(namespace="search", kind=kind, name="indexer", container="app")


@pytest.mark.parametrize(
    ("kind", "default", "other"),
    [
        ("deployment", OnFailure.ROLLBACK, OnFailure.KEEP),
        ("statefulset", OnFailure.KEEP, OnFailure.ROLLBACK),
        ("daemonset", OnFailure.KEEP, OnFailure.ROLLBACK),
    ],
)
def test_what_follows_a_failure_depends_on_the_kind_unless_it_is_said(kind: str, default: OnFailure, other: OnFailure):
    text = SAMPLE.replace("deployment/indexer", f"{kind}/indexer")
    silent = load(text).environment("search", "indexer", "prod")
    said = load(text.replace("false}", f"false, on_failure: {other}}}")).environment("search", "indexer", "prod")

    assert silent is not None
    assert said is not None
    assert (silent.on_failure, said.on_failure) == (default, other)


def test_broken_pods_of_a_statefulset_may_be_deleted():
    text = SAMPLE.replace("deployment/indexer", "statefulset/indexer")
    said = load(text.replace("false}", "false, delete_broken_pods: true}")).environment("search", "indexer", "prod")
    silent = load(text).environment("search", "indexer", "prod")

    assert said is not None
    assert said.delete_broken_pods
    assert silent is not None
    assert not silent.delete_broken_pods


def test_graces_override_the_defaults_one_by_one():
    text = SAMPLE.replace("soak: 1m", "soak: 1m\n            graces: {registry: 0s, scheduling: 1h}")
    environment = load(text).environment("payments", "checkout", "production")
    other = load(text).environment("payments", "checkout", "staging")

    assert environment is not None
    assert environment.graces == Graces(registry=timedelta(0), scheduling=timedelta(hours=1))
    assert other is not None
    assert other.graces == Graces()


def test_an_environment_knows_its_line():
    environment = load(SAMPLE).environment("payments", "checkout", "production")

    assert environment is not None
    assert str(environment.place) == "greenlane.yaml:17:11"


def test_apps_are_found_by_repository_whatever_its_capitals():
    catalog = load(SAMPLE)

    assert [app.name for app in catalog.apps_of("ACME/checkout", 42)] == ["checkout"]
    assert [app.name for app in catalog.apps_of("acme/search", 7)] == ["indexer"]
    assert catalog.apps_of("acme/other", 42) == ()


def test_a_re_registered_repository_name_is_somebody_else():
    assert load(SAMPLE).apps_of("acme/checkout", 43) == ()


def test_lookups_ignore_capitals_and_answer_none():
    catalog = load(SAMPLE)

    assert catalog.environment("Payments", "CHECKOUT", "Staging") is not None
    assert catalog.team("nobody") is None
    assert catalog.app("nobody", "checkout") is None
    assert catalog.environment("payments", "checkout", "qa") is None


def test_repositories_and_targets_are_each_there_once():
    catalog = load(
        SAMPLE
        + """\
      api:
        repository: ACME/search
        image: registry.example/search/api
        environments:
          prod: {namespace: search, workload: deployment/api, container: app, deploy: on-push}
"""
    )

    assert catalog.repositories == ("Acme/Checkout", "acme/search")
    assert len(catalog.targets) == len({target.key for target in catalog.targets}) == 4


def test_teams_may_be_in_files_of_their_own():
    one = "version: 1\nteams:\n  {team}:\n    github: acme/{team}\n    apps:\n      {team}-app:\n        repository: acme/{team}\n        image: r.example/{team}\n        environments:\n          dev: {{namespace: {team}, workload: deployment/app, container: app, deploy: on-push}}\n"

    catalog = load_catalog({f"teams/{team}.yaml": one.format(team=team).encode() for team in ("beta", "alpha")})

    assert [team.name for team in catalog.teams] == ["alpha", "beta"]
    assert catalog.apps[1].place.file == "teams/beta.yaml"


def test_aliases_and_merge_keys_share_values():
    catalog = load(
        """\
version: 1
teams:
  a:
    github: acme/a
    apps:
      one:
        repository: acme/one
        image: r.example/one
        checks: &checks {require: [build]}
        environments:
          dev: &dev {namespace: one, workload: deployment/one, container: app, deploy: on-push}
          qa: {<<: *dev, namespace: one-qa}
      two:
        repository: acme/two
        image: r.example/two
        checks: *checks
        environments:
          dev: {<<: [*dev], workload: deployment/two}
"""
    )

    assert [target.key for target in catalog.targets] == [
        "default/one/deployment/one/app",
        "default/one-qa/deployment/one/app",
        "default/one/deployment/two/app",
    ]
    assert catalog.apps[1].checks.require == ("build",)


def test_a_catalog_does_not_change():
    catalog = load(SAMPLE)

    with pytest.raises(FrozenInstanceError):
        catalog.apps[0].repository = "evil/repo"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        (["indexer/main.py"], True),
        (["indexer/README.md"], False),
        (["indexer/README.md", "indexer/deep/main.py"], True),
        (["api/indexer/main.py"], False),
        ([], False),
    ],
)
def test_paths_decide_what_concerns_an_app(changed: list[str], concerned: bool):
    app = load(SAMPLE).app("search", "indexer")

    assert app is not None
    assert app.concerns(changed) is concerned


def test_without_paths_everything_concerns_an_app():
    app = load(SAMPLE).app("payments", "checkout")

    assert app is not None
    assert app.concerns([])


def test_only_the_catalog_files_of_a_folder_are_read():
    names = ["greenlane.yaml", "teams/b.yaml", "teams/a.yaml", "teams/.b.yaml", "teams/x/y.yaml", "teams/n.yml"]
    names += ["greenlane.schema.json", "other.yaml", "teams.yaml"]

    assert select_files(names) == ("greenlane.yaml", "teams/a.yaml", "teams/b.yaml")


def test_the_sample_in_the_repository_is_valid():
    path = Path(__file__).parents[3] / "config" / "greenlane.yaml"

    catalog = load_catalog({"config/greenlane.yaml": path.read_bytes()}, own_namespace="greenlane")

    assert {team.name for team in catalog.teams} == {"payments", "search"}


def test_hundreds_of_apps_load():
    count = 300
    app = "      app{0}:\n        repository: acme/app{0}\n        image: r.example/app{0}\n        environments:\n          staging: {{namespace: ns{0}, workload: deployment/app, container: web, deploy: on-merge}}\n"
    text = "version: 1\nteams:\n  a:\n    github: acme/a\n    apps:\n" + "".join(
        app.format(number) for number in range(count)
    )

    assert len(load(text).targets) == count
