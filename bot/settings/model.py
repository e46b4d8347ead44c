"""The settings as the wiring sees them: typed, frozen, with secrets that do not print."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError
from bot.settings import checks
from bot.settings.checks import Listen

PREFIX: Final = "GREENLANE_"
SHORT_SECRET: Final = 16

_PASSWORD: Final = re.compile(r"(?<=://)([^/@:]*):.*(?=@)")


@dataclass(frozen=True, kw_only=True, slots=True)
class GitHubApp:
    """Who we are at GitHub."""

    id: int
    private_key: SecretStr


WebAddress = Annotated[str, AfterValidator(checks.check_web_address)]


class Settings(BaseSettings):
    """Every setting. Secrets do not print. Made by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, validate_default=False
    )

    github_api_url: WebAddress = Field("https://api.github.com", description="GitHub's REST API.")
    github_app_id: Annotated[int | None, BeforeValidator(checks.check_app_id)] = Field(
        None, description="The App's number."
    )
    github_private_key: Annotated[SecretStr | None, AfterValidator(checks.check_private_key)] = Field(
        None, description="The App's private key, PEM; line ends may be written `\\n`."
    )
    webhook_secret: Annotated[SecretStr | None, AfterValidator(checks.check_webhook_secret)] = Field(
        None, description="The webhook's secret; several by commas while rotating."
    )
    database_url: Annotated[SecretStr, AfterValidator(checks.check_database_url)] = Field(
        SecretStr("sqlite+aiosqlite:///greenlane.db"), description="Where everything is kept."
    )
    catalog: Path = Field(Path("config/"), description="The catalog: a file, or a folder.")
    listen: Annotated[Listen, NoDecode, BeforeValidator(checks.to_listen)] = Field(
        Listen("127.0.0.1", 8080), description="Address and port to serve on."
    )
    public_url: WebAddress | None = Field(None, description="How people and GitHub reach this server.")
    registry_credentials: Path | None = Field(None, description="Registry logins, in Docker's config.json format.")
    registry_plain_http: Annotated[tuple[str, ...], NoDecode, BeforeValidator(checks.to_hosts)] = Field(
        (), description="Registries without TLS, `host:port` by commas; those on loopback need no mention."
    )
    registry_realms: Annotated[dict[str, tuple[str, ...]], NoDecode, BeforeValidator(checks.to_realms)] = Field(
        {}, description="Token services that may hear a registry's login, `registry=host` by commas."
    )
    kubeconfig: Path | None = Field(
        None, description="Access to the cluster. Without it the pod's account, else what `KUBECONFIG` names."
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(checks.to_lower)] = Field(
        "console", description="For people, or one JSON object a line."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(checks.to_lower)] = Field(
        "info", description="The least important thing worth a line."
    )

    @property
    def github_app(self) -> GitHubApp:
        """Raises `SettingsError` unless loaded with `Need.GITHUB`."""
        if self.github_app_id is None or self.github_private_key is None:
            raise SettingsError(f"{PREFIX}GITHUB_APP_ID and {PREFIX}GITHUB_PRIVATE_KEY are not set")
        return GitHubApp(id=self.github_app_id, private_key=self.github_private_key)

    @property
    def webhook_secrets(self) -> tuple[bytes, ...]:
        """All that are valid now, newest first as written. Raises `SettingsError` unless loaded with `Need.WEBHOOK`."""
        if self.webhook_secret is None:
            raise SettingsError(f"{PREFIX}WEBHOOK_SECRET is not set")
        return tuple(part.strip().encode() for part in self.webhook_secret.get_secret_value().split(","))

    @property
    def database_place(self) -> str:
        """The database's address without password and options, for logs and `doctor`."""
        # The password first: it may itself have a question mark.
        return _PASSWORD.sub(r"\1:***", self.database_url.get_secret_value()).partition("?")[0]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works and is still unwise; the caller logs it. Never a value."""
        found = []
        if self.webhook_secret and min(map(len, self.webhook_secrets)) < SHORT_SECRET:
            found.append(
                f"{PREFIX}WEBHOOK_SECRET has a secret shorter than {SHORT_SECRET} characters that could be guessed; "
                "`openssl rand -hex 32` makes a good one"
            )
        if self.github_api_url.startswith("http://") and not _is_loopback(self.github_api_url):
            found.append(f"{PREFIX}GITHUB_API_URL is http://: tokens travel readable; write https://")
        return tuple(found)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
