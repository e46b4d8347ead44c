"""The error tree, by who has to act: a person, time, or us."""

from datetime import timedelta


class GreenlaneError(Exception):
    """Root of everything this program raises on purpose."""


class SettingsError(GreenlaneError):
    """A setting is missing or wrong; the text says which and how to mend it."""


class RejectedError(GreenlaneError):
    """A fact says no, and a person has to change something; `str()` is the sentence they read.

    `reason` is a stable code (`image_not_found`), `hint` the next thing to do, possibly empty.
    """

    def __init__(self, reason: str, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.hint = hint


class NotYetError(RejectedError):
    """A no that may become a yes by itself, such as an image that CI is still pushing."""


class TransientError(GreenlaneError):
    """We could not find out; ask again. Never a failure of the code that is being deployed.

    `retry_after` is what the other side asked for, if it did.
    """

    def __init__(self, sentence: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.retry_after = retry_after


class BrokenError(GreenlaneError):
    """Our own fault or a broken contract; logged with its trace, and tried again slowly."""


class LostLeaseError(GreenlaneError):
    """Another worker holds the row now; stop, and write nothing."""
