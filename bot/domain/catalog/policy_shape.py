"""The shape of who may deploy and when, as the catalog's file has it."""

from pydantic import Field, model_validator

from bot.domain.catalog.values import Cron, Duration, GitHubTeam, Moment, People, Reason, Shape, Zone

_CRON = "When it begins: minute hour day month weekday, by the clock in `timezone`."
_FOR = "How long it lasts."


class AllowShape(Shape):
    """A recurring time at which deploys may begin."""

    cron: Cron = Field(description=_CRON)
    lasts: Duration = Field(alias="for", description=_FOR)


class DenyShape(Shape):
    """A recurring time at which they may not."""

    cron: Cron = Field(description=_CRON)
    lasts: Duration = Field(alias="for", description=_FOR)
    reason: Reason = Field(description="Told to people who have to wait.")


class WindowsShape(Shape):
    """When deploys may begin."""

    timezone: Zone = Field(description="Whose clock: a name like Europe/Berlin, or UTC.")
    allow: list[AllowShape] | None = Field(
        None, min_length=1, description="Deploys begin only then. Default: always, but for what is denied."
    )
    deny: list[DenyShape] | None = Field(None, min_length=1, description="No deploy begins then, whatever is allowed.")

    @model_validator(mode="after")
    def _says_something(self) -> "WindowsShape":
        if not (self.allow or self.deny):
            raise ValueError("`windows` says no time; write `allow`, `deny` or both, or remove it")
        return self


class DeployersShape(Shape):
    """Only these may deploy."""

    people: People | None = Field(
        None, description="Logins with GitHub's number of each: logins can be re-registered, numbers can't."
    )
    teams: list[GitHubTeam] | None = Field(
        None, min_length=1, description="GitHub teams, `organisation/team`: all their members."
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> "DeployersShape":
        if not (self.people or self.teams):
            raise ValueError("`deployers` names nobody; write `people`, `teams` or both, or remove it")
        return self


class StopShape(Shape):
    """No deploy begins until that moment."""

    reason: Reason = Field(description="Told to people who have to wait.")
    until: Moment = Field(description="When it ends by itself, with a zone: 2026-12-24T18:00:00Z.")


class HotfixShape(Shape):
    """Who may deploy through a stop or a closed window."""

    people: People = Field(description="Logins with GitHub's number of each (`gh api users/LOGIN --jq .id`).")
