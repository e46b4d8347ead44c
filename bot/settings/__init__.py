"""Settings of the process, from `GREENLANE_…` environment variables: nothing else of ours is in the environment."""

from bot.settings.checks import Listen
from bot.settings.load import SECRETS, Need, load_settings, variable
from bot.settings.model import GitHubApp, Settings

__all__ = ["SECRETS", "GitHubApp", "Listen", "Need", "Settings", "load_settings", "variable"]
