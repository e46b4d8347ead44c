"""A JSON body read field by field: every key is known, every value of its kind, or the answer says which is not."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from sandbox.control.refusal import DoorError

_MISSING = object()
LONGEST = 200_000


class Fields:
    """The body of one request. `done()` refuses keys that nobody asked for, so that a typo is never silent."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._asked: list[str] = []

    @classmethod
    async def of(cls, request: web.Request) -> "Fields":
        """Raises `DoorError` unless the body is empty or a JSON object sent as such."""
        raw = await request.read()
        if not raw.strip():
            return cls({})
        if request.content_type != "application/json":
            remedy = "Send -H 'Content-Type: application/json'."
            raise DoorError(415, f"The body is {request.content_type}, not JSON.", remedy)
        try:
            values = await request.json()
        except ValueError as error:
            raise DoorError(
                400, f"The body is not JSON: {error}.", 'Send an object such as {"key": "value"}.'
            ) from error
        if not isinstance(values, dict):
            raise DoorError(400, "The body is not a JSON object.", 'Send an object such as {"key": "value"}.')
        return cls(values)

    def text(self, name: str, default: Any = _MISSING, *, empty: bool = False) -> str:
        value = self._take(name, default)
        if value is default:
            return default  # type: ignore[no-any-return]  # the caller's own default
        if not isinstance(value, str) or (not value.strip() and not empty):
            raise self._wrong(name, "a text that is not empty", value)
        if len(value) > LONGEST:
            raise DoorError(422, f"{name!r} is {len(value)} characters long.", f"At most {LONGEST} are taken.")
        return value

    def maybe(self, name: str) -> str | None:
        """The text, or None when it is missing or null."""
        return None if self.absent(name) else self.text(name)

    def choice(self, name: str, options: Iterable[str], default: Any = _MISSING) -> str:
        allowed = list(options)
        value = self.text(name, default)
        if value is not default and value not in allowed:
            raise self._wrong(name, f"one of {', '.join(allowed)}", value)
        return value

    def number(self, name: str, default: Any = _MISSING, *, least: float = 0) -> float:
        value = self._take(name, default)
        if value is default:
            return default  # type: ignore[no-any-return]  # the caller's own default
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            raise self._wrong(name, f"a number, {least:g} or more", value)
        return value

    def whole(self, name: str, default: Any = _MISSING, *, least: int = 0) -> int:
        value = self.number(name, default, least=least)
        if value is not default and not float(value).is_integer():
            raise self._wrong(name, "a whole number", value)
        return value if value is default else int(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def texts(self, name: str, default: Any = _MISSING) -> list[str]:
        value = self._take(name, default)
        if value is default:
            return default  # type: ignore[no-any-return]  # the caller's own default
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self._wrong(name, "a list of texts", value)
        return value

    def mapping(self, name: str, default: Any = _MISSING) -> dict[str, str]:
        value = self._take(name, default)
        if value is default:
            return default  # type: ignore[no-any-return]  # the caller's own default
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise self._wrong(name, "an object of texts", value)
        return value

    def span(self, name: str, default: Any = _MISSING) -> tuple[float, float]:
        """Two numbers, from and to."""
        value = self._take(name, default)
        if value is default:
            return default  # type: ignore[no-any-return]  # the caller's own default
        if not isinstance(value, list) or len(value) != 2 or not all(isinstance(each, int | float) for each in value):
            raise self._wrong(name, "two numbers, from and to", value)
        return (float(value[0]), float(value[1]))

    def absent(self, name: str) -> bool:
        """True when the key is missing or null; it counts as asked for."""
        self._asked.append(name)
        return self._values.get(name) is None

    def is_null(self, name: str) -> bool:
        """True when the key is there and says null, which may mean something else than leaving it out."""
        return name in self._values and self._values[name] is None

    def rest(self) -> dict[str, Any]:
        """Every value nobody asked for yet."""
        left = {name: value for name, value in self._values.items() if name not in self._asked}
        self._asked.extend(left)
        return left

    def done(self) -> None:
        """Call after the last field and before the first effect."""
        foreign = sorted(set(self._values) - set(self._asked))
        if foreign:
            takes = ", ".join(self._asked) or "no fields"
            raise DoorError(422, f"Unknown field: {', '.join(foreign)}.", f"This takes: {takes}.")

    def _take(self, name: str, default: Any) -> Any:
        self._asked.append(name)
        value = self._values.get(name, default)
        if value is _MISSING:
            raise DoorError(
                422, f"{name!r} is missing.", f'Add "{name}" to the body; sandbox/README.md has an example.'
            )
        return value

    @staticmethod
    def _wrong(name: str, wanted: str, value: object) -> DoorError:
        return DoorError(422, f"{name!r} is {str(value)[:80]!r}.", f"It must be {wanted}.")
