"""The catalog's shape as its file has it: the one source of validation and of the editor's JSON schema."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from bot.domain.catalog import durations
from bot.domain.catalog.policy_shape import DeployersShape, HotfixShape, StopShape, WindowsShape
from bot.domain.catalog.values import (
    Branch,
    CheckName,
    Container,
    Duration,
    EnvironmentName,
    GitHubTeam,
    Globs,
    Grace,
    Image,
    ImageTag,
    Name,
    Namespace,
    Repository,
    Shape,
    Url,
    Workload,
)
from bot.domain.graces import DEFAULT_GRACES

CHECKS_DEADLINE = timedelta(hours=2)
IMAGE_DEADLINE = timedelta(minutes=15)
SOAK = timedelta(seconds=30)
DEFAULT_TAG = "{sha}"


class ChecksShape(Shape):
    """Which checks count."""

    require: list[CheckName] | None = Field(
        None, min_length=1, description="These must pass, whatever else is reported. A missing one is waited for."
    )
    ignore: list[CheckName] | None = Field(None, min_length=1, description="These never count, in whatever state.")

    @model_validator(mode="after")
    def _no_name_in_both(self) -> "ChecksShape":
        ignored = {name.casefold() for name in self.ignore or ()}
        if both := [name for name in self.require or () if name.casefold() in ignored]:
            raise ValueError(f"`{both[0]}` is both required and ignored; keep one")
        return self


RULES, NONE = "(rules)", "(none)"
"""pydantic puts these into an error's path to tell which form of `checks:` it read; they are not in the file."""


def _form_of_checks(value: object) -> str:
    return NONE if isinstance(value, str) else RULES


Checks = Annotated[
    Annotated[ChecksShape, Tag(RULES)] | Annotated[Literal["none"], Tag(NONE)], Discriminator(_form_of_checks)
]


def _grace(default: timedelta, description: str) -> Any:
    return Field(default, description=description, json_schema_extra={"default": durations.format_duration(default)})


class GracesShape(Shape):
    """How long trouble that may heal by itself is borne before it ends a rollout."""

    registry: Grace = _grace(DEFAULT_GRACES.registry, "The registry does not answer the node as it should.")
    config: Grace = _grace(DEFAULT_GRACES.config, "A secret, a config map or a key in one is missing.")
    start: Grace = _grace(DEFAULT_GRACES.start, "A container can't be started.")
    admission: Grace = _grace(DEFAULT_GRACES.admission, "The cluster refuses new pods: a service account, a webhook.")
    quota: Grace = _grace(DEFAULT_GRACES.quota, "The namespace's quota is used up.")
    scheduling: Grace = _grace(DEFAULT_GRACES.scheduling, "No node takes the pod.")


class EnvironmentShape(Shape):
    """One environment: where it runs and what starts a deploy to it."""

    namespace: Namespace = Field(description="The team's namespace, by its exact name.")
    workload: Workload = Field(
        description="What runs there: `deployment/<name>`, `statefulset/<name>` or `daemonset/<name>`."
    )
    container: Container = Field(description="The container whose image is set.")
    deploy: Literal["on-merge", "on-push", "on-command"] = Field(
        description="What starts a deploy: a pull request merged into the branch, any new head of it, or only a person."
    )
    url: Url | None = Field(None, description="Where people see it run; linked on pull requests.")
    production: bool | None = Field(
        None, description="Ask more of a deploy. Default: true for `production` and `prod`, else false."
    )
    rollout_deadline: Duration | None = Field(
        None, description="How long a rollout may take. Default: from the workload's own progressDeadlineSeconds."
    )
    soak: Duration = Field(
        SOAK,
        description="How long the new pods must stay ready, without a restart, before success.",
        json_schema_extra={"default": "30s"},
    )
    on_failure: Literal["rollback", "keep"] | None = Field(
        None,
        description="After a failed rollout: put the version before back, or leave it to a person. "
        "Default: `rollback` for a deployment, `keep` for a statefulset or daemonset.",
    )
    delete_broken_pods: bool = Field(
        default=False,
        description="Only for a statefulset: after a failed rollout, delete broken pods of the bad version, "
        "so that the version before comes back. Needs the right to delete pods.",
    )
    graces: GracesShape = Field(
        GracesShape(), description="How long trouble that may heal by itself is borne before it ends a rollout."
    )
    after: EnvironmentName | None = Field(
        None, description="Another environment of this app: only an image that held there may be deployed here."
    )
    windows: WindowsShape | None = Field(None, description="When deploys may begin. Default: always.")
    approvals: int = Field(0, ge=0, le=10, description="How many approving reviews of the very commit a deploy needs.")
    deployers: DeployersShape | None = Field(
        None, description="Only these may deploy here. Default: everybody in the team's `github`."
    )
    merged_by: Literal["anyone", "deployers"] = Field(
        "anyone",
        description="Whose merge deploys: anyone's who may merge, or only that of somebody who may deploy here.",
    )


class AppShape(Shape):
    """One app: its repository, its image, its environments."""

    repository: Repository = Field(description="The GitHub repository, `owner/name`.")
    repository_id: int | None = Field(
        None, gt=0, description="GitHub's number of that repository; names can be re-registered, numbers can't."
    )
    branch: Branch | None = Field(
        None, description="The branch that is deployed. Default: the repository's default branch."
    )
    image: Image = Field(description="Where CI pushes the image, without tag: `registry.example/team/app`.")
    tag: ImageTag = Field(DEFAULT_TAG, description="How CI names the image: {sha}, {short_sha}, {branch}, {pr}.")
    checks: Checks | None = Field(
        None,
        description="Which must pass. Default: the branch's required checks, else every check. `none`: deploy without.",
    )
    paths: Globs | None = Field(
        None, min_length=1, description="Which changes concern this app, as in a .gitignore. Default: every change."
    )
    checks_deadline: Duration = Field(
        CHECKS_DEADLINE, description="How long to wait for checks.", json_schema_extra={"default": "2h"}
    )
    image_deadline: Duration = Field(
        IMAGE_DEADLINE, description="How long to wait for CI to push the image.", json_schema_extra={"default": "15m"}
    )
    stop: StopShape | None = Field(None, description="Stops every deploy of the app, with a reason, until a moment.")
    environments: dict[EnvironmentName, EnvironmentShape] = Field(min_length=1, description="Environments by name.")


class TeamShape(Shape):
    """One team and its apps."""

    github: GitHubTeam = Field(description="The GitHub team whose members may command, `organisation/team`.")
    stop: StopShape | None = Field(None, description="Stops every deploy of the team, with a reason, until a moment.")
    hotfix: HotfixShape | None = Field(
        None, description="Who may deploy through a stop or a closed window of the team."
    )
    apps: dict[Name, AppShape] = Field(min_length=1, description="The team's apps by name.")


class FileShape(Shape):
    """One catalog file."""

    version: Literal[1] = Field(description="The version of this format; 1.")
    stop: StopShape | None = Field(None, description="Stops every deploy of every team, with a reason, until a moment.")
    hotfix: HotfixShape | None = Field(None, description="Who may deploy through a stop or a closed window.")
    teams: dict[Name, TeamShape] = Field(min_length=1, description="Teams by name; each in one file only.")


class _Schema(GenerateJsonSchema):
    """Leaving a key out is the only way to say nothing, so null is not offered."""

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: Any) -> JsonSchemaValue:
        result = super().dict_schema(schema)
        return {**result, "additionalProperties": False} if "patternProperties" in result else result

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        if schema.get("default") is None or isinstance(schema["default"], timedelta | Shape):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def catalog_schema() -> dict[str, Any]:
    """The JSON schema for editors, as committed in `config/greenlane.schema.json`."""
    schema = FileShape.model_json_schema(schema_generator=_Schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Greenlane catalog"}
