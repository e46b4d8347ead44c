"""A catalog with faults: each one is told, at its place, all at once."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.catalog import CatalogError, Problem, load_catalog

HEAD = "version: 1\nteams:\n  shop:\n    github: acme/shop\n    apps:\n"
APP = """\
      checkout:
        repository: acme/checkout
        image: registry.example/checkout
        environments:
          staging:
            namespace: shop-staging
            workload: deployment/checkout
            container: web
            deploy: on-merge
"""
GOOD = HEAD + APP


def problems_of(files: dict[str, str | bytes] | str | bytes, *, own_namespace: str | None = None) -> list[str]:
    files = files if isinstance(files, dict) else {"c.yaml": files}
    with pytest.raises(CatalogError) as caught:
        load_catalog(files, own_namespace=own_namespace)
    return [str(problem) for problem in caught.value.problems]


def test_the_base_of_these_tests_is_valid():
    assert load_catalog({"c.yaml": GOOD}).apps[0].name == "checkout"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("namespace: default", "c.yaml:11:24: nothing is deployed to `default`"),
        ("namespace: kube-system", "c.yaml:11:24: nothing is deployed to `kube-system`"),
        ("namespace: kube-anything", "c.yaml:11:24: nothing is deployed to `kube-anything`"),
        ("namespace: shop-*", "c.yaml:11:24: `shop-*` is a pattern; name one namespace exactly"),
        ("namespace: Shop", "c.yaml:11:24: `Shop` is not a Kubernetes name"),
        ("namespace: a.b", "c.yaml:11:24: `a.b` is not a Kubernetes name"),
        ('namespace: "shop\\n"', "c.yaml:11:24: `shop\\n` is not a Kubernetes name"),
        (f"namespace: {'a' * 64}", "c.yaml:11:24: `aaaaa"),
        ("namespace: 12", 'c.yaml:11:24: `namespace` must be text, not the number 12; put it in quotes: "12"'),
        ("namespace: true", "c.yaml:11:24: `namespace` must be text, not `true`; put it in quotes"),
        ("namespace: [a]", "c.yaml:11:24: `namespace` must be text, not a list"),
        ("namespace:", "c.yaml:11:13: `namespace` has no value; write one or remove the key"),
        ("namespaec: shop", "c.yaml:11:13: `namespaec` is not a key here; did you mean `namespace`?"),
        ("workload: sts/db", "c.yaml:12:23: `sts` is written `statefulset` here; write statefulset/db"),
        ("workload: ds/db", "c.yaml:12:23: `ds` is written `daemonset` here; write daemonset/db"),
        ("workload: deploy/db", "c.yaml:12:23: `deploy` is written `deployment` here; write deployment/db"),
        ("workload: StatefulSet/db", "c.yaml:12:23: `StatefulSet` is written `statefulset` here"),
        ("workload: DaemonSets/db", "c.yaml:12:23: `DaemonSets` is written `daemonset` here; write daemonset/db"),
        ("workload: deployments.apps/db", "c.yaml:12:23: `deployments.apps` is written `deployment` here"),
        ("workload: job/db", "c.yaml:12:23: a job runs to its end, so there is no rollout to watch; name a deployment"),
        ("workload: CronJob/db", "c.yaml:12:23: a cronjob runs to its end"),
        ("workload: pods/db", "c.yaml:12:23: a pod can't be deployed to by itself; name the deployment, statefulset"),
        (
            "workload: knative/db",
            "c.yaml:12:23: `knative` is not a kind of workload; write deployment/db, statefulset/",
        ),
        ("workload: checkout", "c.yaml:12:23: `checkout` is not a workload; write it like deployment/checkout"),
        ("workload: deployment/a..b", "c.yaml:12:23: `a..b` is not a Kubernetes name"),
        ("container: WEB", "c.yaml:13:24: `WEB` is not a Kubernetes name"),
        ("deploy: on-merg", "c.yaml:14:21: `deploy` is `on-merge`, `on-push` or `on-command`, not `on-merg`; did you"),
        ("production: yes", "c.yaml:15:25: YAML reads `yes` as a truth value; write `true` or `false`"),
        ("production: 1", "c.yaml:15:25: `production` must be `true` or `false`, not the number 1"),
        ("url: ftp://x.example", "c.yaml:15:18: `ftp://x.example` is not a web address"),
        ("url: javascript:alert(1)", "c.yaml:15:18: `javascript:alert(1)` is not a web address"),
        ("url: https://", "c.yaml:15:18: `https://` is not a web address"),
        ("url: https://u:p@x.example", "c.yaml:15:18: a web address with a user name or password would be shown"),
        ("url: https://x.example:99999", "c.yaml:15:18: `https://x.example:99999` is not a web address"),
        ("rollout_deadline: 5", "c.yaml:15:31: `5` is not a duration; write it like 90s, 5m, 1h30m or 2d"),
        ("rollout_deadline: 12:30", "c.yaml:15:31: YAML reads `12:30` as a number; put it in quotes"),
        ("rollout_deadline: 0s", "c.yaml:15:31: `0s` is no time at all"),
        ("rollout_deadline: 99d", "c.yaml:15:31: `99d` is longer than 30d"),
        ("rollout_deadline: true", "c.yaml:15:31: a duration is text like 90s"),
        (
            "on_failure: rolback",
            "c.yaml:15:25: `on_failure` is `rollback` or `keep`, not `rolback`; did you mean `roll",
        ),
        ("delete_broken_pods: 1", "c.yaml:15:33: `delete_broken_pods` must be `true` or `false`, not the number 1"),
        ("delete_broken_pods: true", "c.yaml:15:33: `delete_broken_pods` is for statefulsets; a deployment replaces"),
        ("graces: 5m", "c.yaml:15:21: `graces` must be a mapping (`key: value` lines), not text"),
        ("graces: {schedulling: 5m}", "c.yaml:15:22: `schedulling` is not a key here; did you mean `scheduling`?"),
        ("graces: {nodes: 5m}", "c.yaml:15:22: `nodes` is not a key here; there are `registry`, `config`, `start`"),
        ("graces: {quota: 61m}", "c.yaml:15:29: `61m` is longer than 1h; write a shorter duration"),
        ("graces: {quota: 5}", "c.yaml:15:29: `5` is not a duration"),
    ],
)
def test_a_wrong_value_of_an_environment(line: str, said: str):
    # Given the line in the place of its key, or after the others
    key = line.partition(":")[0].replace("namespaec", "namespace")
    lines = GOOD.splitlines()
    number = next((n for n, each in enumerate(lines) if each.strip().startswith(f"{key}:")), len(lines))
    lines[number : number + 1] = [" " * 12 + line]
    key_is_missing = "namespaec" in line

    # When
    problems = problems_of("\n".join(lines))

    # Then
    assert any(problem.startswith(said) for problem in problems)
    assert len(problems) == 1 + key_is_missing


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("repository: https://github.com/acme/checkout", "`https://github.com/acme/checkout` is not owner/name; write"),
        ("repository: acme/checkout.git", "`acme/checkout.git` is not owner/name"),
        ("repository: checkout", "`checkout` is not owner/name, like acme/checkout"),
        ("repository: acme/..", "`acme/..` is not owner/name"),
        ("repository_id: 0", "`repository_id` must be a number above zero"),
        ("repository_id: 0x1F", "YAML reads `0x1F` as a number; put it in quotes"),
        ("branch: refs/heads/main", "write the branch without refs/heads/: main"),
        ("branch: release/*", "`release/*` is not a branch's name (one branch, no pattern)"),
        ("image: registry.example/checkout:latest", "carries a tag"),
        ("image: https://registry.example/checkout", "begins with a scheme"),
        ("tag: latest", "`latest` is the same for every commit; use {sha}"),
        ('tag: "{branch}"', "`{branch}` is the same for every commit"),
        ('tag: "{commit}"', "`{commit}` is not a placeholder"),
        ("tag: 010", "YAML reads `010` as a number"),
        ("tag: 1.10", "YAML reads `1.10` as a number"),
        ("tag: 2026-11-21", "YAML reads `2026-11-21` as a date"),
        ("checks: all", "`all` is not a rule for checks; write `none`, or {require: [names], ignore: [names]}"),
        ("checks: {require: []}", "`require` is empty; write `checks: none` to deploy without checks"),
        ("checks: {require: [3]}", "an entry of `require` must be text, not the number 3"),
        ("checks: {require: [a], ignore: [A]}", "`a` is both required and ignored"),
        ("checks: {required: [a]}", "`required` is not a key here; did you mean `require`?"),
        ("checks: {require: ['greenlane / staging']}", "is Greenlane's own check, which never counts"),
        ("checks: {ignore: build}", "`ignore` must be a list, like [a, b], not text"),
        ("paths: []", "`paths` is empty"),
        ("paths: ['[ab]/x']", "only **, * and ? are wildcards"),
        ("paths: [../other]", "must start at the repository's root"),
        ("paths: ['!docs/**']", "every pattern has a `!`, so no change would ever concern this app"),
        ("paths: ['!']", "names no path"),
        ("environments: {}", "`environments` is empty"),
        ("on: push", "YAML reads `on` as a truth value"),
        ("? [a]\n        : b", "a key must be a word"),
        ("tag: !!python/object/apply:os.system [ls]", "YAML tags such as"),
    ],
)
def test_a_wrong_value_of_an_app(line: str, said: str):
    # Given
    key = line.partition(":")[0]
    lines = APP.splitlines()
    number = next((n for n, each in enumerate(lines) if each.startswith(f"        {key}:")), 1)
    end = len(lines) if key == "environments" else number + (lines[number].strip().startswith(f"{key}:"))
    lines[number:end] = [f"        {line}"]

    # When
    problems = problems_of(HEAD + "\n".join(lines) + "\n")

    # Then
    assert problems[0].startswith(f"c.yaml:{6 + number}:")
    assert said in problems[0]


@pytest.mark.parametrize("name", ["3", "deadbeef", "to", "-x", "a b", "x" * 101, "A" * 40])
def test_names_that_a_command_could_not_carry_are_refused(name: str):
    problems = problems_of(GOOD.replace("checkout:", f'"{name}":', 1))

    assert len(problems) == 1
    assert problems[0].startswith("c.yaml:6:7: ")


def test_environment_names_have_up_to_255_characters():
    assert load_catalog({"c.yaml": GOOD.replace("staging:", "x" * 255 + ":")}).apps
    assert "up to 255" in problems_of(GOOD.replace("staging:", "x" * 256 + ":"))[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "c.yaml:1:1: the file is empty"),
        ("# only a comment\n", "c.yaml:1:1: the file is empty"),
        ("teams: {}\n", "c.yaml:1:1: `version` is missing; begin the file with `version: 1`"),
        ("version: 2\nteams: {a: 1}\n", "c.yaml:1:10: this catalog has version `2`; this Greenlane reads 1"),
        ("version: '1'\nteams: {a: 1}\n", "c.yaml:1:10: this catalog has version `1`; this Greenlane reads 1: write"),
        ("version: 1\nteam: {}\n", "c.yaml:1:1: `teams` is missing"),
        ("- a\n", "c.yaml:1:1: the file must be a mapping (`key: value` lines), not a list"),
        ("hello\n", "c.yaml:1:1: the file must be a mapping"),
        ("version: 1\nteams:\n\ta: b\n", "c.yaml:3:1: a tab; YAML is indented with spaces"),
        ("version: 1\n---\nversion: 1\n", "c.yaml:2:1: a second document (`---`)"),
        ("version: 1\nteams: [a\n", "c.yaml:3:1: not valid YAML: while parsing a flow sequence"),
        ("version: 1\nname: a\x07b\n", "c.yaml:2:8: a control character that YAML does not allow"),
        ("version: 1\nteams: *nobody\n", "c.yaml:2:8: not valid YAML: found undefined alias"),
        (b"version: 1\n# caf\xe9\n", "c.yaml:2:6: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("[" * 100_000, "c.yaml:1:21: nested too deep"),
        ("version: 1\nteams: &all [*all]\n", "c.yaml:2:8: aliases repeat too much here"),
        ("#" * 1_100_000, "c.yaml:1:1: the file is larger than 1024 KiB"),
        ("version: " + "9" * 5000 + "\nteams: {}\n", "c.yaml:1:10: YAML reads `999"),
    ],
)
def test_a_file_that_is_not_a_catalog(text: str | bytes, said: str):
    assert problems_of(text)[0].startswith(said)


def test_a_byte_order_mark_is_fine():
    assert load_catalog({"c.yaml": b"\xef\xbb\xbf" + GOOD.encode()}).apps


def test_aliases_of_aliases_do_not_explode():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )

    assert any("aliases repeat too much" in problem for problem in problems_of(bomb))


def test_merges_of_merges_do_not_explode():
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 9)
    )

    assert any("aliases repeat too much" in problem for problem in problems_of(bomb))


def test_no_file_at_all_is_a_problem_too():
    assert problems_of({}) == ["greenlane.yaml:1:1: no catalog: there is neither greenlane.yaml nor teams/*.yaml"]


def test_a_key_twice_names_the_first_line():
    assert problems_of(GOOD + "            deploy: on-push\n") == [
        "c.yaml:15:13: `deploy` is here twice, first on line 14; keep one"
    ]


def test_two_environments_on_one_workload():
    twin = """\
          canary: {namespace: shop-staging, workload: deployment/checkout, container: other, deploy: on-push}
"""

    assert problems_of(GOOD + twin) == [
        "c.yaml:15:55: `deployment/checkout` in `shop-staging` is already shop/checkout staging's at c.yaml:10"
    ]


def test_two_apps_on_one_workload_in_two_files():
    other = GOOD.replace("shop:", "other:").replace("checkout:", "cart:", 1).replace("acme/checkout", "acme/cart")

    problems = problems_of({"a.yaml": GOOD, "b.yaml": other})

    assert problems == [
        "b.yaml:12:23: `deployment/checkout` in `shop-staging` is already shop/checkout staging's at a.yaml:10"
    ]


def test_one_team_in_two_files():
    other = GOOD.replace("checkout:", "cart:", 1).replace("shop-staging", "elsewhere").replace("shop:", "SHOP:")

    problems = problems_of({"a.yaml": GOOD, "b.yaml": other})

    assert problems == ["b.yaml:3:3: team `SHOP` is already at a.yaml:3; keep each team in one place"]


def test_one_app_name_twice_in_one_repository():
    other = GOOD.replace("shop", "other").replace("acme/checkout", "ACME/Checkout")

    problems = problems_of({"a.yaml": GOOD, "b.yaml": other})

    assert problems == ["b.yaml:6:7: ACME/Checkout already has an app `checkout` at a.yaml:6; name one differently"]


def test_only_a_statefulset_needs_its_broken_pods_deleted():
    text = GOOD + "            delete_broken_pods: true\n"

    assert load_catalog({"c.yaml": text.replace("deployment/", "statefulset/")}).targets
    assert problems_of(text.replace("deployment/", "daemonset/")) == [
        "c.yaml:15:33: `delete_broken_pods` is for statefulsets; a daemonset replaces broken pods by itself: remove it"
    ]


def test_every_fault_among_the_graces_is_told_at_once():
    text = GOOD + "            graces: {start: soon, qouta: 1m, config: 2h}\n"

    assert [problem.partition(": ")[0] for problem in problems_of(text)] == [
        "c.yaml:15:29",
        "c.yaml:15:35",
        "c.yaml:15:54",
    ]


def test_names_that_differ_in_capitals_only():
    text = GOOD + APP.replace("checkout:", "Checkout:", 1).replace("acme/checkout", "acme/x").replace(
        "shop-staging", "x"
    )
    text += "          STAGING: {namespace: y, workload: deployment/y, container: y, deploy: on-push}\n"

    problems = problems_of(text)

    assert problems == [
        "c.yaml:15:7: app `Checkout` is already at c.yaml:6 (capitals do not tell apps apart)",
        "c.yaml:24:11: GitHub can't tell environment `STAGING` from `staging` (it ignores capitals)",
    ]


def test_one_repository_has_one_number_and_one_number_one_repository():
    app = GOOD.replace("    image:", "    repository_id: 1\n        image:")
    other_number = app.replace("shop", "b").replace("checkout:", "b:", 1).replace("_id: 1", "_id: 2")
    other_name = app.replace("shop", "d").replace("checkout:", "d:", 1).replace("acme/checkout", "acme/d")

    problems = problems_of({"a.yaml": app, "b.yaml": other_number, "d.yaml": other_name})

    assert problems == [
        "b.yaml:8:24: `repository_id` of acme/checkout is 2 here and 1 at a.yaml:8",
        "d.yaml:8:24: `repository_id` 1 is acme/d here and acme/checkout at a.yaml:8",
    ]


def test_the_namespace_of_the_bot_itself_is_refused():
    assert problems_of(GOOD, own_namespace="shop-staging") == [
        "c.yaml:11:24: `shop-staging` is where Greenlane itself runs; give the app a namespace of its own"
    ]


def test_a_push_has_no_pull_request_for_the_tag():
    text = GOOD.replace("on-merge", "on-push").replace("    image:", "    tag: 'pr-{pr}'\n        image:")

    assert problems_of(text) == [
        "c.yaml:15:21: `on-push` has no pull request for the tag `pr-{pr}`; use {sha} in `tag:`"
    ]


def test_every_problem_of_every_file_is_told_at_once_and_sorted():
    # Given faults of YAML, of shape and between entries, in two files
    first = GOOD.replace("deploy: on-merge", "deploy: on-merge\n            on: true").replace("web", "Web")
    first += "          qa: {namespace: qa, workload: deployment/checkout, container: web, deploy: on-push, url: x}\n"
    second = GOOD.replace("shop:", "other:").replace("shop-staging", "qa").replace("checkout:", "cart:", 1)

    # When
    with pytest.raises(CatalogError) as caught:
        load_catalog({"b.yaml": second, "a.yaml": first, "c.yaml": "version: 3"})

    # Then
    problems = caught.value.problems
    assert [(each.file, each.line) for each in problems] == [
        ("a.yaml", 13),
        ("a.yaml", 15),
        ("a.yaml", 16),
        ("b.yaml", 12),
        ("c.yaml", 1),
        ("c.yaml", 1),
    ]
    assert list(problems) == sorted(problems)
    assert str(caught.value) == "\n".join(str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        (("version: 1", "version: 2"), "c.yaml:1:10: this catalog has version `2`"),
        (("version: 1", "version: '1'"), "c.yaml:1:10: this catalog has version `1`"),
        (("version: 1\n", "# none\n"), "c.yaml:2:1: `version` is missing"),
        (("deploy: on-merge", "deploy: yes"), "c.yaml:14:21: YAML reads `yes`"),
        (("deploy: on-merge", "deploy: maybe"), "c.yaml:14:21: `deploy` is"),
        (
            ("repository: acme/checkout\n", "{line}        repository: acme/cart\n"),
            "c.yaml:8:9: `repository` is here twice",
        ),
    ],
)
def test_one_fault_hides_no_other_of_its_file(fault: tuple[str, str], place: str):
    # Given that fault, an unknown key, and a rule broken by the very environment of the fault
    old, new = fault
    text = GOOD.replace(old, new.replace("{line}", old)) + "            nonsense: 1\n"
    other = GOOD.replace("shop:", "other:").replace("checkout:", "cart:", 1)

    # When
    problems = problems_of({"a.yaml": other, "c.yaml": text})

    # Then
    assert any(problem.startswith(place) for problem in problems)
    assert any("`nonsense` is not a key here" in problem for problem in problems)
    assert any("is already other/cart staging's" in problem for problem in problems)
    assert len(problems) == 3


@given(st.binary() | st.text())
def test_no_bytes_at_all_raise_anything_else(content: str | bytes):
    with suppress(CatalogError):
        load_catalog({"c.yaml": content})


@settings(max_examples=300)
@given(
    start=st.integers(0, len(GOOD)),
    length=st.integers(0, 40),
    instead=st.text("abz019 :-{}[]*&!|>'\"#%@\n\t<", max_size=12)
    | st.sampled_from(["<<: ", "&a ", "*a", "? ", "!!int "]),
)
def test_no_damage_to_a_good_file_raises_anything_else(start: int, length: int, instead: str):
    damaged = GOOD[:start] + instead + GOOD[start + length :]

    try:
        load_catalog({"c.yaml": damaged})
    except CatalogError as error:
        lines = damaged.split("\n")
        for problem in error.problems:
            assert 1 <= problem.line <= len(lines) + 1
            assert problem.column >= 1
            assert "\n" not in str(problem)


def test_a_problem_stays_on_its_line_whatever_the_value_has_in_it():
    problem = Problem("c.yaml", 1, 2, "`a\nb\x1b[31m` " + "x" * 1000)

    assert str(problem).startswith("c.yaml:1:2: `a\\nb\\x1b[31m` xxx")
    assert len(str(problem)) < 500
