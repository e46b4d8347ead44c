"""The environment → Settings, or one `SettingsError` with every problem and its remedy, one a line."""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import Flag, auto
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.errors import SettingsError
from bot.settings.model import PREFIX, Settings

SECRETS: Final = ("github_private_key", "webhook_secret", "database_url")
"""Each may come as `GREENLANE_…_FILE` instead: the path of a file that holds it."""

# Kubernetes adds GREENLANE_PORT_8080_TCP and the like to pods beside a Service called `greenlane`.
_SERVICE_LINK: Final = re.compile(r"(SERVICE_HOST|(SERVICE_)?PORT(_.*)?)")


class Need(Flag):
    """What a command can't do without; everything else has a default or stays empty."""

    NOTHING = 0
    GITHUB = auto()
    WEBHOOK = auto()


_NEEDED: Final = {
    Need.GITHUB: {
        "github_app_id": "the App's number, on its page at GitHub (App ID)",
        "github_private_key": "the App's private key (PEM), made on its page at GitHub",
    },
    Need.WEBHOOK: {"webhook_secret": "the secret of the App's webhook; `openssl rand -hex 32` makes one"},
}


def variable(field: str) -> str:
    """`listen` → `GREENLANE_LISTEN`."""
    return f"{PREFIX}{field.upper()}"


def load_settings(need: Need = Need.NOTHING) -> Settings:
    """Settings of this process. Raises `SettingsError`; its text names variables and never a secret's value."""
    environment = {name.upper(): value for name, value in os.environ.items()}
    problems = [*_misspelt(environment), *_empty_secrets(environment)]
    secrets, unreadable = _read_files(environment)
    problems += unreadable
    try:
        settings = Settings(**secrets)  # type: ignore[arg-type]  # pydantic turns text into SecretStr
    except ValidationError as error:
        problems += [_to_line(detail, secrets) for detail in error.errors(include_url=False, include_input=False)]
    told = "\n".join(problems)
    problems += [line for name, line in _missing(need, environment) if variable(name) not in told]
    if problems:
        raise SettingsError("\n".join(problems)) from None
    return settings


def _misspelt(environment: Mapping[str, str]) -> Iterator[str]:
    """A variable that is nearly a setting was meant to be one; others may be anybody's."""
    known = [*Settings.model_fields, *(f"{name}_file" for name in SECRETS)]
    known = [variable(name) for name in known]
    for name in environment:
        is_ours = name.startswith(PREFIX) and not _SERVICE_LINK.fullmatch(name.removeprefix(PREFIX))
        if is_ours and name not in known and (close := get_close_matches(name, known, n=1, cutoff=0.9)):
            yield f"{name} is not a setting; did you mean {close[0]}?"


def _empty_secrets(environment: Mapping[str, str]) -> Iterator[str]:
    """Empty is how a forgotten secret looks; going on without it would be a different set-up than meant."""
    for name in SECRETS:
        if environment.get(variable(name)) == "":
            yield f"{variable(name)} is set but empty; give it a value or remove it"


def _read_files(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Contents of the `…_FILE`s by field, and what is wrong with them."""
    secrets: dict[str, str] = {}
    problems: list[str] = []
    for name in SECRETS:
        path = environment.get(f"{variable(name)}_FILE", "")
        if path and variable(name) in environment:
            problems.append(f"{variable(name)} and {variable(name)}_FILE are both set; keep one")
        elif path:
            try:
                secrets[name] = _read_secret(path)
            except ValueError as error:
                problems.append(f"{variable(name)}_FILE: {path} {error}")
    return secrets, problems


def _read_secret(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        # `from None`: the error's text quotes bytes of the secret.
        raise ValueError("is not a text file") from None
    except OSError as error:
        raise ValueError(f"can't be read ({error.strerror})") from error
    if not text:
        raise ValueError("is empty")
    return text


def _to_line(detail: ErrorDetails, secrets: Mapping[str, str]) -> str:
    name = str(detail["loc"][0])
    shown = f"{variable(name)}_FILE" if name in secrets else variable(name.removeprefix(PREFIX))
    match detail["type"]:
        case "value_error":
            return f"{shown} {detail['ctx']['error']}"
        case "literal_error":
            return f"{shown} must be {str(detail['ctx']['expected']).replace(chr(39), '')}"
        case _:
            return f"{shown}: {detail['msg']}"


def _missing(need: Need, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for each in need:
        for name, remedy in _NEEDED[each].items():
            if not environment.get(variable(name)) and not environment.get(f"{variable(name)}_FILE"):
                either = f" (or {variable(name)}_FILE)" if name in SECRETS else ""
                yield name, f"{variable(name)}{either} is not set: {remedy}"
