"""A refusal at the door: a sentence about what is wrong, and one about what to do instead."""

from typing import Any


class DoorError(Exception):
    """Answered as JSON with `status`; `remedy` is the next thing to try."""

    def __init__(self, status: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.remedy = remedy

    def body(self) -> dict[str, Any]:
        return {"error": self.message, "remedy": self.remedy}


def unknown(what: str, name: object, known: object) -> DoorError:
    """404 that lists what there is."""
    listed = ", ".join(str(each) for each in known) if isinstance(known, list | tuple | set | dict) else str(known)
    return DoorError(404, f"There is no {what} {name}.", f"There is: {listed or 'none yet'}.")
