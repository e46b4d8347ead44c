"""The values a catalog is made of, each with its check and its pattern for the editor, and what all shapes share."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.fields import FieldInfo

from bot.domain.catalog import durations, times, words

LONGEST_GRACE = timedelta(hours=1)


def _to_duration(value: object) -> timedelta:
    return durations.parse_duration(_duration_text(value))


def _to_grace(value: object) -> timedelta:
    return durations.parse_duration(_duration_text(value), longest=LONGEST_GRACE, allow_zero=True)


def _duration_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError("a duration is text like 90s, 5m, 1h30m or 2d")  # noqa: TRY004 - pydantic tells ValueErrors
    return str(value)


def _to_moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a moment is text like 2026-12-24T18:00:00Z")  # noqa: TRY004 - pydantic tells ValueErrors
    return times.parse_moment(value)


def _text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


Name = Annotated[str, AfterValidator(words.check_name), _text(words.NAME_PATTERN)]
EnvironmentName = Annotated[str, AfterValidator(words.check_environment), _text(words.ENVIRONMENT_PATTERN)]
Namespace = Annotated[str, AfterValidator(words.check_namespace), _text(words.LABEL_PATTERN)]
Container = Annotated[str, AfterValidator(words.check_label), _text(words.LABEL_PATTERN)]
Workload = Annotated[str, AfterValidator(words.check_workload), _text(words.WORKLOAD_PATTERN)]
Repository = Annotated[str, AfterValidator(words.check_repository), _text(words.REPOSITORY_PATTERN)]
GitHubTeam = Annotated[str, AfterValidator(words.check_github_team), _text(words.GITHUB_TEAM_PATTERN)]
Url = Annotated[str, AfterValidator(words.check_url), _text(words.URL_PATTERN)]
Branch = Annotated[str, AfterValidator(words.check_branch)]
Image = Annotated[str, AfterValidator(words.check_image)]
ImageTag = Annotated[str, AfterValidator(words.check_tag)]
Glob = Annotated[str, AfterValidator(words.check_path)]
Globs = Annotated[list[Glob], AfterValidator(words.check_paths)]
CheckName = Annotated[str, AfterValidator(words.check_check)]
Duration = Annotated[timedelta, BeforeValidator(_to_duration), _text(durations.PATTERN)]
Grace = Annotated[timedelta, BeforeValidator(_to_grace), _text(durations.PATTERN)]
Cron = Annotated[str, AfterValidator(times.check_cron)]
Zone = Annotated[str, AfterValidator(times.check_zone)]
Moment = Annotated[datetime, BeforeValidator(_to_moment), _text(times.MOMENT_PATTERN)]
Reason = Annotated[str, AfterValidator(words.check_reason)]
Login = Annotated[str, AfterValidator(words.check_login), _text(words.LOGIN_PATTERN)]
PersonId = Annotated[int, Field(gt=0)]
People = Annotated[dict[Login, PersonId], Field(min_length=1), AfterValidator(words.check_people)]


class Shape(BaseModel):
    """Nothing unknown, nothing converted: what looks like a number is not text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def keys(cls) -> dict[str, FieldInfo]:
        """By the key as a file has it, which may be no name for Python."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}
