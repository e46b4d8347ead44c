"""The names in a command: environment, app and commit, in any order."""

import re

from bot.domain.command.model import NotUnderstoodError
from bot.domain.command.reading import Reading, close_to, code, listed, unknown
from bot.domain.command.registry import Part

SHA = re.compile(r"[0-9a-f]{7,40}", re.IGNORECASE | re.ASCII)


def read_names(reading: Reading) -> None:
    both = []
    for word in reading.words:
        environment, app = reading.vocabulary.environment(word), reading.vocabulary.app(word)
        if environment and app:
            both.append((environment, app))
        elif environment:
            _set_environment(reading, environment)
        elif app:
            _set_app(reading, app)
        elif reading.takes(Part.SHA) and SHA.fullmatch(word):
            _set_sha(reading, word)
        else:
            raise unknown(reading, word, close_to(word, reading.vocabulary.words, likeness=0.6))
    for environment, app in both:
        if reading.environment is None:
            _set_environment(reading, environment)
        else:
            _set_app(reading, app)


def _set_environment(reading: Reading, name: str) -> None:
    if reading.environment is not None:
        raise _repeated("environments", reading.environment, name)
    reading.environment = name


def _set_app(reading: Reading, name: str) -> None:
    if reading.app is not None:
        raise _repeated("apps", reading.app, name)
    reading.app = name


def _set_sha(reading: Reading, word: str) -> None:
    if reading.sha is not None:
        raise _repeated("commits", reading.sha, word)
    reading.sha = word.lower()


def check_pair(reading: Reading) -> None:
    if reading.environment is None or reading.app is None:
        return
    environment = reading.vocabulary.environment(reading.environment, app=reading.app)
    if environment is None:
        has = listed(reading.vocabulary.apps[reading.app])
        raise NotUnderstoodError(
            code="environment_not_of_app",
            sentence=f"{code(reading.app)} has no environment {code(reading.environment)}; it has {has}.",
        )
    reading.environment = environment


def _repeated(what: str, first: str, second: str) -> NotUnderstoodError:
    return NotUnderstoodError(
        code="repeated_word", sentence=f"{code(first)} and {code(second)} are two {what}; name one."
    )
