"""Where real GitHub and its own description differ, and we follow GitHub. Never loosen the checker instead."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """A violation to let pass: `place` (an answer or webhook) and `path` in it are regular expressions."""

    place: str
    path: str
    reason: str

    def covers(self, place: str, path: str) -> bool:
        return bool(re.fullmatch(self.place, place) and re.fullmatch(self.path, path))


KNOWN_DEVIATIONS = [
    Deviation(
        place=r"answer apps/list-installations 200",
        path=r"/\d+/account",
        reason=(
            "The list's inlined copy asks for user AND enterprise (`allOf`), which no account can be; "
            "the single form says `anyOf`. Checked there instead."
        ),
    ),
    Deviation(
        place=r"(answer (pulls/|repos/list-pull-requests).* 200|webhook pull-request-.*)",
        path=r"(/\d+)?(/pull_request)?/head/(repo|user|label)",
        reason=(
            "Null once a fork is deleted, though described as never null; seen in recorded answers "
            "(PyGithub's replay data of 2024 and later)."
        ),
    ),
    Deviation(
        place=r"(answer repos/(create|list|get)-deployment-status(es)? \d+|webhook deployment-status-.*)",
        path=r"(/\d+)?(/deployment_status)?/(environment_url|log_url|target_url)",
        reason='Described as a URI whose default is "", and so it is "" where none was given; seen in recorded events.',
    ),
    Deviation(
        place=r"(answer|webhook) .*",
        path=r"/(.*/)?homepage",
        reason="An unset homepage is an empty string in recorded payloads, which is no `uri`.",
    ),
    Deviation(
        place=r"(answer|webhook) .*",
        path=r"/(.*/)?(author|committer|pusher)/email",
        reason="A bot's address has brackets, `…+github-actions[bot]@users.noreply.github.com`: recorded, yet no `email`.",
    ),
]
