"""Request bodies, read as strictly as GitHub reads them: wrong types, wrong words and unknown keys are 422."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sandbox.github.errors import bad_request
from sandbox.github.model import JSON

Kind = Literal["string", "integer", "boolean", "array", "object", "time", "any"]
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "time": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "any": (object,),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One key of a body. `inner` describes an object's keys or an array's items; `most` bounds length or count."""

    kind: Kind = "string"
    required: bool = False
    nullable: bool = False
    choices: Sequence[str] = ()
    most: int | None = None
    inner: "Mapping[str, Field] | None" = None


Shape = Mapping[str, Field]


def read_body(body: JSON, shape: Shape, *, where: str = "") -> JSON:
    """The body with its times parsed. Raises 422 in GitHub's words at the first thing that is wrong."""
    for key in body:
        if key not in shape:
            raise bad_request(f'"{key}" is not a permitted key.')
    for key, field in shape.items():
        if field.required and body.get(key) is None:
            raise bad_request(f'"{key}" wasn\'t supplied.')
    return {key: _read(value, shape[key], f"{where}properties/{key}") for key, value in body.items()}


def _read(value: Any, field: Field, where: str) -> Any:
    if value is None and field.nullable:
        return None
    wrong_type = not isinstance(value, _TYPES[field.kind]) or (field.kind == "integer" and isinstance(value, bool))
    if wrong_type:
        raise bad_request(f"For '{where}', {value!r} is not a {field.kind}.")
    if field.choices and value not in field.choices:
        raise bad_request(f"For '{where}', {value!r} is not a member of {list(field.choices)}.")
    if field.most is not None and len(value) > field.most:
        raise bad_request(f"For '{where}', no more than {field.most} are allowed; {len(value)} were supplied.")
    if field.kind == "time":
        return _moment(value, where)
    if field.inner is not None and field.kind == "object":
        return read_body(value, field.inner, where=f"{where}/")
    if field.inner is not None:
        return [_item(item, field.inner, f"{where}/items") for item in value]
    return value


def _item(item: Any, inner: Shape, where: str) -> JSON:
    if not isinstance(item, dict):
        raise bad_request(f"For '{where}', {item!r} is not an object.")
    return read_body(item, inner, where=f"{where}/")


def _moment(text: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request(f"For '{where}', {text!r} is not a valid date-time.") from None
    if moment.tzinfo is None:
        raise bad_request(f"For '{where}', {text!r} has no time zone.")
    return moment
