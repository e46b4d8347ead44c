"""Trouble on request: faults of GitHub, the registry, the cluster and the webhooks, and back to normal."""

import types
from dataclasses import MISSING, Field, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from aiohttp import web

from sandbox.control.fields import Fields
from sandbox.control.stage import STAGE, Stage
from sandbox.github.faults import Fault
from sandbox.github.hooks import Mode
from sandbox.registry import Fault as RegistryFault

PLACES = ("github", "webhooks", "late-truth", "registry", "cluster")
COUNTED = {"seen", "hits"}


async def add_fault(request: web.Request) -> web.Response:
    stage, asked = request.app[STAGE], await Fields.of(request)
    where = asked.choice("where", PLACES)
    match where:
        case "github":
            stage.world.faults.add(read_into(Fault, asked))
        case "webhooks":
            stage.world.hooks.mode = read_into(Mode, asked)
        case "late-truth":
            _be_late(stage, asked)
        case "registry":
            _break_registry(stage, asked)
        case _:
            return web.json_response({"where": where} | stage.cluster.add_fault(asked.rest()), status=201)
    return web.json_response({"where": where, "in_force": True}, status=201)


async def clear_faults(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    stage.world.faults.clear()
    stage.world.lag.clear()
    stage.world.hooks.mode = Mode()
    stage.registry.heal()
    stage.registry.up()
    stage.cluster.clear_faults()
    return web.json_response({"in_force": False})


def read_into(kind: type[Any], asked: Fields) -> Any:
    """A fault's dataclass filled from the body, each field by its own type; raises `DoorError`."""
    hints = get_type_hints(kind)
    values = {each.name: _read(each, hints[each.name], asked) for each in fields(kind) if each.name not in COUNTED}
    asked.done()
    return kind(**values)


def _read(each: Field[Any], hint: Any, asked: Fields) -> Any:  # noqa: PLR0911  # one answer a type
    default: Any = each.default if each.default is not MISSING else None
    missing = {} if each.default is MISSING and each.default_factory is MISSING else {"default": default}
    if get_origin(hint) in (Union, types.UnionType):
        if asked.absent(each.name):
            return None if asked.is_null(each.name) else default
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is Literal:
        return asked.choice(each.name, get_args(hint), **missing)
    if hint is bool:
        return asked.flag(each.name, default=bool(default))
    if hint is int:
        return asked.whole(each.name, **missing)
    if hint is float:
        return asked.number(each.name, **missing)
    if get_origin(hint) is tuple:
        return asked.span(each.name, default)
    if get_origin(hint) is frozenset:
        return frozenset(asked.texts(each.name))
    return asked.text(each.name, **missing)


def _break_registry(stage: Stage, asked: Fields) -> None:
    """One of the registry's faults, or `down`: every connection is cut until faults are cleared."""
    if asked.flag("down"):
        asked.done()
        stage.registry.down()
    else:
        stage.registry.fail(read_into(RegistryFault, asked))


def _be_late(stage: Stage, asked: Fields) -> None:
    """`merge` (the API knows a merge late) or `token` (a new token is refused at first)."""
    what, seconds = asked.choice("what", ("merge", "token")), asked.number("seconds", 0)
    reads = asked.whole("reads", 0)
    asked.done()
    if what == "merge":
        stage.world.lag.merge_visible_after(seconds=seconds, reads=reads)
    else:
        stage.world.lag.token_valid_after(seconds=seconds, uses=reads)


ROUTES = [
    ("POST", "/_control/faults", add_fault, "make something go wrong"),
    ("DELETE", "/_control/faults", clear_faults, "back to normal"),
]
