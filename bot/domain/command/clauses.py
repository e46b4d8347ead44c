"""What in a command is more than a name: `--hotfix`, `to`, `for`, and free text."""

import re
from datetime import timedelta

from bot.domain.catalog.durations import PATTERN, format_duration, parse_duration
from bot.domain.command.model import NotUnderstoodError
from bot.domain.command.names import SHA
from bot.domain.command.reading import Reading, close_to, code, is_name, is_word, unknown
from bot.domain.command.registry import Part
from bot.domain.lock import LONGEST_LOCK

SHORTEST, LONGEST = timedelta(minutes=1), LONGEST_LOCK
"""What a lock may last."""

_NUMBER = re.compile(r"#?([1-9][0-9]{0,17})", re.ASCII)
_DASHES = re.compile(r"[-\u2010-\u2015\u2212]+")
_UNITS = re.compile(r"(?:h|m|d|min|mins|minutes?|hours?|days?|weeks?)[.,]?", re.IGNORECASE | re.ASCII)


def read_hotfix(reading: Reading) -> None:
    at = next((place for place, word in enumerate(reading.words) if is_word(word, Part.HOTFIX)), None)
    if at is None:
        return
    reading.hotfix = True
    reading.reason = " ".join(reading.words[at + 1 :])
    del reading.words[at:]
    if not reading.reason:
        raise NotUnderstoodError(
            code="reason_missing", sentence="`--hotfix` needs a reason; write it to the end of the line."
        )


def refuse_flags(reading: Reading) -> None:
    for word in reading.words:
        dashes = _DASHES.match(word)
        if dashes is None or (reading.takes(Part.REASON) and _is_prose(word, dashes.end())):
            continue
        known = [part for part in (Part.HOTFIX, Part.FOR, Part.TO) if reading.takes(part)]
        plain = {part.removeprefix("--"): part for part in known}
        close = close_to(word[dashes.end() :], plain, likeness=0.6)
        raise NotUnderstoodError(
            code="unknown_flag",
            sentence=f"`/{reading.spec.verb}` has no flag {code(word)}.",
            suggestion=reading.instead(word, plain[close]) if close else "",
        )


def _is_prose(word: str, dashes: int) -> bool:
    """A dash between other words, or a number below zero."""
    return not is_word(word[dashes:], Part.FOR) and not (word.startswith("-") and word[dashes:][:1].isalpha())


def read_to(reading: Reading) -> None:
    words = reading.words
    at = next((place for place, word in enumerate(words) if is_word(word, Part.TO)), None)
    if at is None:
        _refuse_without_to(reading)
        return
    word = words[at + 1] if at + 1 < len(words) else ""
    number = _NUMBER.fullmatch(word)
    if number and (word.startswith("#") or len(word) < 7):
        reading.intent = int(number[1])
    elif number and len(word) < 40:
        raise NotUnderstoodError(
            code="ambiguous_number",
            sentence=f"{code(word)} may be a deploy's number or a commit; write `#123` for a number.",
            suggestion=reading.instead(word, f"#{word}") if len(word) < 19 else "",
        )
    elif SHA.fullmatch(word):
        reading.sha = word.lower()
    else:
        what = f"{code(word)} is neither" if word else "nothing stands there"
        raise NotUnderstoodError(
            code="target_missing",
            sentence=f"After `to` comes a deploy's number, like `#123`, or a commit of 7 to 40 digits; {what}.",
            suggestion=reading.instead(words[at]) if is_name(reading, word) else "",
        )
    del words[at : at + 2]


def _refuse_without_to(reading: Reading) -> None:
    for word in reading.words:
        if not is_name(reading, word) and (_NUMBER.fullmatch(word) or SHA.fullmatch(word)):
            raise NotUnderstoodError(
                code="to_missing",
                sentence=f"Write `to` before {code(word)}, what to go back to.",
                suggestion=reading.instead(word, Part.TO, word),
            )


def read_for(reading: Reading) -> None:
    words = reading.words
    at = next((place for place in range(len(words)) if _is_duration(words[place:])), None)
    if at is None:
        return
    reading.duration = _duration(reading, "".join(words[at + 1 : at + 2]))
    left, right = words[:at], words[at + 2 :]
    if any(_is_duration(rest[place:]) for rest in (right, left + right) for place in range(len(rest))):
        raise NotUnderstoodError(code="repeated_word", sentence="There are two durations; write one.")
    reading.words = left + right


def _is_duration(words: list[str]) -> bool:
    """Whether the words begin with `for` and a time, and not with `for` in a sentence."""
    if not is_word(words[0], Part.FOR):
        return False
    amount, unit = [*words[1:3], "", ""][:2]
    return not amount or amount[0].isdecimal() or _UNITS.fullmatch(unit) is not None


def _duration(reading: Reading, word: str) -> timedelta:
    if not re.fullmatch(PATTERN, word.lower()):
        raise NotUnderstoodError(
            code="duration_invalid",
            sentence=f"After `for` comes a duration, like `30m`, `2h` or `1h30m`, not {code(word) or 'nothing'}.",
        )
    try:
        duration = parse_duration(word.lower())
    except ValueError:  # beyond what any setting may be; or zero
        duration = timedelta.max if word.strip("0dhmsDHMS") else timedelta(0)
    if SHORTEST <= duration <= LONGEST:
        return duration
    shortest, longest = format_duration(SHORTEST), format_duration(LONGEST)
    raise NotUnderstoodError(
        code="duration_out_of_range",
        sentence=f"A lock lasts `{shortest}` to `{longest}`; {code(word)} is outside of that.",
        suggestion=reading.instead(word, longest if duration > LONGEST else shortest),
    )


def read_reason(reading: Reading) -> None:
    """Names come first; from the first word on that is none it is free text."""
    words = reading.words
    start = next((place for place, word in enumerate(words) if not is_name(reading, word)), len(words))
    reading.reason = " ".join(words[start:])
    reading.words = words[:start]
    if start == len(words):
        return
    # A slip in a name must not lock something else, with the name as the reason.
    close = close_to(words[start], _names_left(reading), likeness=0.8)
    if close:
        raise unknown(reading, words[start], close)


def _names_left(reading: Reading) -> list[str]:
    """What might still be named."""
    vocabulary = reading.vocabulary
    no_environment = not any(vocabulary.environment(word) for word in reading.words)
    no_app = not any(vocabulary.app(word) for word in reading.words)
    return [
        name
        for name in vocabulary.words
        if (no_environment and vocabulary.environment(name)) or (no_app and vocabulary.app(name))
    ]
