"""The reference pages are complete and true: every setting, key, metric, permission and command, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from bot.cli import cli
from bot.cluster import request as rights
from bot.domain.catalog import catalog_schema, format_duration, load_catalog
from bot.domain.catalog.policy_shape import DeployersShape, StopShape, WindowsShape
from bot.domain.catalog.shape import AppShape, ChecksShape, EnvironmentShape, FileShape, GracesShape, TeamShape
from bot.domain.catalog.values import Shape
from bot.settings import SECRETS, Settings, load_settings, variable
from bot.telemetry import Metrics

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/settings.md", ROOT / "docs/catalog.md", ROOT / "docs/connect.md"]
PAGES += [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def _section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _rows(text: str) -> dict[str, list[str]]:
    """First cell's first code span → the other cells, over the tables of a text."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[cells[0].split("`")[1]] = cells[1:]
    return found


def _yaml_blocks(page: str) -> list[Any]:
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return [document for block in blocks for document in yaml.safe_load_all(block)]


def test_every_setting_is_documented_and_nothing_else():
    rows = _rows(_page("settings.md").partition("\n## ")[0])

    assert set(rows) == {variable(field) for field in Settings.model_fields}


def test_documented_defaults_of_settings_are_the_real_ones(monkeypatch: pytest.MonkeyPatch):
    # Given
    rows = _rows(_page("settings.md").partition("\n## ")[0])
    for name in rows:
        monkeypatch.delenv(name, raising=False)

    # When
    settings = load_settings()

    # Then
    documented = {name: re.findall("`([^`]+)`", cells[0]) for name, cells in rows.items()}
    assert documented["GREENLANE_DATABASE_URL"] == [settings.database_url.get_secret_value()]
    assert Path(documented["GREENLANE_CATALOG"][0]) == settings.catalog
    for field in ("github_api_url", "listen", "log_format", "log_level"):
        assert documented[variable(field)] == [str(getattr(settings, field))]


def test_every_secret_s_file_variable_is_documented():
    page = _page("settings.md")

    for field in SECRETS:
        assert f"`{variable(field)}_FILE`" in page
        assert f"`{variable(field)}` ¹" in page


def test_every_metric_is_documented_and_nothing_else():
    # Given the names as Prometheus will see them
    text = Metrics().render().decode()
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}

    # Then
    documented = set(_rows(_section(_page("settings.md"), "Metrics")))
    assert documented == {name for name in names if not name.endswith("_created")}


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("A file", FileShape),
        ("A team", TeamShape),
        ("An app", AppShape),
        ("Checks", ChecksShape),
        ("An environment", EnvironmentShape),
        ("Graces", GracesShape),
        ("Windows", WindowsShape),
        ("Deployers", DeployersShape),
        ("Stop", StopShape),
    ],
)
def test_every_catalog_key_is_documented_and_nothing_else(heading: str, shape: type[AppShape]):
    rows = _rows(_section(_page("catalog.md"), heading))

    assert list(rows) == list(shape.model_fields)
    if shape is not ChecksShape:
        assert {key for key, cells in rows.items() if cells[0] == "required"} == {
            key for key, field in shape.model_fields.items() if field.is_required()
        }


def test_documented_defaults_of_catalog_keys_are_the_real_ones():
    headings = ("An app", "An environment", "Graces")
    app, environment, graces = (_rows(_section(_page("catalog.md"), heading)) for heading in headings)

    assert app["tag"][0] == f"`{AppShape.model_fields['tag'].default}`"
    for rows, shape, key in (
        (app, AppShape, "checks_deadline"),
        (app, AppShape, "image_deadline"),
        (environment, EnvironmentShape, "soak"),
        *((graces, GracesShape, key) for key in GracesShape.model_fields),
    ):
        default = format_duration(shape.model_fields[key].default)
        assert rows[key][0] == f"`{default}`"
        assert catalog_schema()["$defs"][shape.__name__]["properties"][key]["default"] == default


def test_the_schema_file_is_current():
    assert json.loads((ROOT / "config/greenlane.schema.json").read_text()) == catalog_schema(), "run `make schema`"


def test_the_schema_takes_the_sample_and_refuses_a_typo():
    validator = jsonschema_rs.validator_for(catalog_schema())
    sample = yaml.safe_load((ROOT / "config/greenlane.yaml").read_text())
    assert validator.is_valid(sample)

    for change in ({"chekcs": "none"}, {"checks": "all"}, {"checks_deadline": "5"}, {"paths": []}, {"branch": None}):
        app = {**sample["teams"]["payments"]["apps"]["checkout"], **change}
        assert not validator.is_valid({"version": 1, "teams": {"a": {"github": "a/b", "apps": {"x": app}}}}), change


def test_what_the_sample_has_in_comments_is_valid_too():
    # Given
    sample = (ROOT / "config/greenlane.yaml").read_text()
    keys = "stop|hotfix|after|approvals|deployers|merged_by|windows|  timezone|  allow|  deny|soak|on_failure|graces"

    # When
    text, count = re.subn(rf"^( *)# ((?:{keys}):( |$))", r"\1\2", sample, flags=re.MULTILINE)

    # Then
    assert count == 13
    app = load_catalog({"greenlane.yaml": text}).app("payments", "checkout")
    assert app is not None
    production = app.environment("production")
    assert production is not None
    assert (production.after, production.approvals, production.merged_by) == ("staging", 1, "deployers")
    assert production.windows is not None
    assert production.deployers is not None


def test_every_key_has_a_description_for_the_editor():
    for shape in Shape.__subclasses__():
        assert all(field.description for field in shape.model_fields.values())


def test_the_manifest_s_permissions_are_documented_with_their_level():
    manifest = json.loads((ROOT / "app-manifest.json").read_text())
    rows = _rows(_section(_page("connect.md"), "1. Register the GitHub App"))

    documented = {name: cells[0] for name, cells in rows.items() if cells[0] in {"read", "write"}}
    assert documented == manifest["default_permissions"]


def test_the_manifest_s_events_are_documented():
    manifest = json.loads((ROOT / "app-manifest.json").read_text())
    table = _section(_page("connect.md"), "1. Register the GitHub App").partition("| event |")[2]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

    assert sorted(re.findall("`([a-z_]+)`", " ".join(first_cells))) == manifest["default_events"]


def test_the_manifest_holds_no_secret_and_one_address():
    manifest = json.loads((ROOT / "app-manifest.json").read_text())

    assert manifest["hook_attributes"] == {"url": f"{manifest['url']}/webhook", "active": True}
    assert manifest["public"] is False
    assert not {"webhook_secret", "pem", "client_secret"} & {*manifest, *manifest["hook_attributes"]}


def test_the_documented_rights_are_those_the_bot_asks_for():
    # Given
    documents = {(each["kind"], each["metadata"]["name"]): each for each in _yaml_blocks(_page("connect.md"))}

    # When
    def granted(kind: str) -> set[tuple[str, str]]:
        rules = documents[kind, "greenlane"]["rules"]
        return {
            (verb, f"{name}.{group}" if group else name)
            for rule in rules
            for group in rule["apiGroups"]
            for name in rule["resources"]
            for verb in rule["verbs"]
        }

    # Then
    patched = (rights.DEPLOYMENTS, rights.STATEFUL_SETS, rights.DAEMON_SETS)
    watched = (*patched, rights.REPLICA_SETS, rights.CONTROLLER_REVISIONS, rights.PODS, rights.EVENTS)
    assert granted("Role") == {
        *((verb, each.right) for each in watched for verb in ("get", "list", "watch")),
        *(("patch", each.right) for each in patched),
        ("get", f"{rights.PODS.right}/log"),
    }
    assert granted("ClusterRole") == {("list", rights.NODES.right), ("get", rights.NAMESPACES.right)}


def test_the_one_optional_right_is_deleting_pods():
    (rule,) = re.findall(r"add the rule `(\{.*?\})`", _page("connect.md"))

    assert yaml.safe_load(rule) == {"apiGroups": [""], "resources": [rights.PODS.right], "verbs": ["delete"]}


def test_the_documented_deployment_sets_only_real_settings():
    documents = {(each["kind"], each["metadata"]["name"]): each for each in _yaml_blocks(_page("connect.md"))}
    (container,) = documents["Deployment", "greenlane"]["spec"]["template"]["spec"]["containers"]
    known = {variable(field) for field in Settings.model_fields} | {f"{variable(field)}_FILE" for field in SECRETS}

    assert {each["name"] for each in container["env"]} <= known
    assert container["securityContext"]["readOnlyRootFilesystem"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_and_links_on_a_page_exist(path: Path):
    text = path.read_text()

    for command in re.findall(r"(?:`|-- |run )greenlane ([a-z][a-z-]+)", text):
        assert command in cli.commands
    for option in re.findall(r"(?:`|-- )greenlane [a-z-]+ (--[a-z-]+)", text):
        assert any(option in parameter.opts for each in cli.commands.values() for parameter in each.params)
    for target in re.findall(r"make ([a-z]+)`", text):
        assert f"\n{target}:" in (ROOT / "Makefile").read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (path.parent / link).exists() or link.startswith("https://"), link


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text()

    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text) > 11_000
