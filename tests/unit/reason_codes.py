"""Collects from the source every stable reason code that may stand beside an intent's state.

By syntax tree, not by running: an error nobody provokes in a test has a code too. A code is followed from where it is
spelled to where it becomes a reason; an expression that can't be followed is told instead of skipped.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path

Name = tuple[str, str]
"""(module, what it is called there)."""

Carriers = dict[Name, tuple[int | None, str]]
"""Called thing → place (if any) and keyword of the argument that is a code."""

REJECTED: Name = ("bot.errors", "RejectedError")
CARRIERS: dict[Name, str] = {
    ("bot.engine.outcome", "Move"): "reason",
    ("bot.engine.outcome", "Stay"): "reason",
    ("bot.engine.outcome", "Ending"): "reason",
    ("bot.domain.verdict", "Judgement"): "reason",
    ("bot.domain.judgement", "Judgement"): "reason",
    ("bot.domain.diagnosis", "Finding"): "reason",
    ("bot.domain.finding", "Finding"): "reason",
    ("bot.domain.waiting", "Row"): "code",
    ("bot.domain.command.model", "Mistake"): "code",
    ("bot.domain.command.model", "NotUnderstoodError"): "code",
    ("bot.domain.creation", "_Row"): "code",
    ("bot.domain.policy", "Denied"): "reason",
    ("bot.domain.policy", "Wait"): "reason",
    ("bot.engine.commands.ask", "Answer"): "reason",
    ("bot.storage.intents", "end_other"): "reason",
    ("dataclasses", "replace"): "reason",
}
"""What a code is handed to, and the parameter it is handed as. Errors come on top, by their ancestry."""
PASSED_ON = frozenset({"reason", "code"})
"""Attributes that hold a code somebody else has spelled."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class UnclearError(AssertionError):
    """A reason whose code can't be read from the source."""


@dataclass
class Module:
    """One file's tree and what its names mean."""

    name: str
    tree: ast.Module
    names: dict[str, Name] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, text: str) -> "Module":
        module = cls(name=name, tree=ast.parse(text))
        for node in module.tree.body:
            module._note(node)
        return module

    def _note(self, node: ast.stmt) -> None:
        match node:
            case ast.ImportFrom(module=str(origin), names=names):
                self.names |= {each.asname or each.name: (origin, each.name) for each in names}
            case ast.ClassDef(name=name):
                self.names[name] = (self.name, name)
                self.classes[name] = node
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self.names[name] = (self.name, name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.constants[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.constants[name] = value

    def meaning(self, node: ast.expr) -> Name | None:
        """Of a name, or of something in a module that is imported by its name."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in self.names:
                return ".".join(self.names[name]), attribute
        return None

    def function(self, name: str) -> Function | None:
        return next((each for each in self.tree.body if isinstance(each, Function) and each.name == name), None)


@dataclass
class Codes:
    """Every code below a folder, with the places that spell it."""

    modules: dict[str, Module]
    places: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, package: str) -> "Codes":
        files = {
            ".".join(path.relative_to(root).with_suffix("").parts): path for path in (root / package).rglob("*.py")
        }
        codes = cls({name: Module.read(name, path.read_text(encoding="utf-8")) for name, path in files.items()})
        codes._collect()
        return codes

    @cached_property
    def errors(self) -> dict[Name, bool]:
        """Classes below RejectedError → whether their first argument is the code."""
        found = {REJECTED: True}
        while True:
            new = {
                (module.name, name): self._takes_code(node, found, module)
                for module in self.modules.values()
                for name, node in module.classes.items()
                if (module.name, name) not in found and any(module.meaning(base) in found for base in node.bases)
            }
            if not new:
                return found
            found |= new

    def _takes_code(self, node: ast.ClassDef, known: dict[Name, bool], module: Module) -> bool:
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                return [argument.arg for argument in each.args.args[1:2]] == ["reason"]
        return any(known.get(name, False) for base in node.bases if (name := module.meaning(base)))

    def _collect(self) -> None:
        carriers: Carriers = {name: (0, "reason") for name, takes in self.errors.items() if takes}
        carriers |= {name: (0 if parameter == "code" else None, parameter) for name, parameter in CARRIERS.items()}
        seen: set[Name] = set()
        while set(carriers) - seen:
            seen = set(carriers)
            for module in self.modules.values():
                carriers |= self._visit(module, carriers)

    def _visit(self, module: Module, carriers: Carriers) -> Carriers:
        """Note the codes handed to carriers here; functions that hand on a parameter of theirs are new carriers."""
        new: Carriers = {}
        for function, owner, call in _calls(module.tree):
            carrier = module.meaning(call.func)
            if carrier in carriers:
                position, keyword = carriers[carrier]
                given = _argument(call, position, keyword)
            elif owner and (module.name, owner.name) in self.errors and _is_super_init(call):
                given = call.args[0] if call.args else None
            else:
                continue
            if given is not None:
                new |= self._follow(module, function, given)
        return new

    def _follow(self, module: Module, function: Function | None, node: ast.expr) -> Carriers:
        """Spell out one expression."""
        if choices := self._choices(module, function, node):
            return self._all(module, function, choices)
        match node:
            case ast.Constant(value=str(code)):
                if code:
                    self.places.setdefault(code, set()).add(f"{module.name}:{node.lineno}")
                return {}
            case ast.Attribute(attr=attribute) if attribute in PASSED_ON:
                return {}
            case ast.Starred(value=value) | ast.Subscript(value=value, slice=ast.Constant(value=0)):
                return self._first(module, function, value)
            case ast.Name(id=name):
                return self._name(module, function, name, node)
        raise UnclearError(f"{module.name}:{node.lineno}: which reason code is `{ast.unparse(node)}`?")

    def _choices(self, module: Module, function: Function | None, node: ast.expr) -> list[ast.expr]:
        """What an expression picks one of."""
        match node:
            case ast.IfExp(body=body, orelse=other):
                return [body, other]
            case ast.JoinedStr():
                return [ast.copy_location(ast.Constant(text), node) for text in _spelled(function, node)]
            case ast.Call(func=ast.Attribute(attr="get", value=ast.Name(id=table)), args=[_, default]):
                return [*self._values(module, table), default]
        return []

    def _first(self, module: Module, function: Function | None, node: ast.expr) -> Carriers:
        """The code in a pair of code and sentence: written here, or answered by a function that may answer None."""
        match node:
            case ast.Constant(value=None):
                return {}
            case ast.Tuple(elts=[code, *_]):
                return self._follow(module, function, code)
            case ast.Await(value=value):
                return self._first(module, function, value)
            case ast.Name(id=name) if function is not None and (values := _assigned(function, name)):
                return self._each(module, function, values)
            case ast.Call(func=func) if (named := self._function(module, func)) is not None:
                home, called = named
                answers = [each.value for each in ast.walk(called) if isinstance(each, ast.Return) and each.value]
                return self._each(home, called, answers)
        raise UnclearError(f"{module.name}:{node.lineno}: which reason code begins `{ast.unparse(node)}`?")

    def _each(self, module: Module, function: Function, nodes: list[ast.expr]) -> Carriers:
        new: Carriers = {}
        for node in nodes:
            new |= self._first(module, function, node)
        return new

    def _function(self, module: Module, node: ast.expr) -> tuple[Module, Function] | None:
        home, name = module.meaning(node) or ("", "")
        found = self.modules[home].function(name) if home in self.modules else None
        return (self.modules[home], found) if found else None

    def _all(self, module: Module, function: Function | None, nodes: list[ast.expr]) -> Carriers:
        new: Carriers = {}
        for node in nodes:
            new |= self._follow(module, function, node)
        return new

    def _name(self, module: Module, function: Function | None, name: str, node: ast.Name) -> Carriers:
        """A parameter makes its function a carrier; a variable is what is assigned to it; else a constant."""
        if function is not None:
            parameters = [each.arg for each in function.args.posonlyargs + function.args.args]
            if name in parameters:
                return {(module.name, function.name): (parameters.index(name), name)}
            if name in [each.arg for each in function.args.kwonlyargs]:
                return {(module.name, function.name): (None, name)}
            if values := _assigned(function, name):
                return self._all(module, function, values)
        home, there = module.names.get(name, (module.name, name))
        constant = self.modules[home].constants.get(there) if home in self.modules else None
        if constant is None:
            raise UnclearError(f"{module.name}:{node.lineno}: what is `{name}`?")
        return self._follow(self.modules[home], None, constant)

    def _values(self, module: Module, table: str) -> list[ast.expr]:
        constant = module.constants.get(table)
        if not isinstance(constant, ast.Dict):
            raise UnclearError(f"{module.name}: `{table}` is no table of this module")
        return constant.values


def _calls(tree: ast.Module) -> Iterator[tuple[Function | None, ast.ClassDef | None, ast.Call]]:
    """Every call with the function and the class it stands in."""

    def walk(
        node: ast.AST, function: Function | None, owner: ast.ClassDef | None
    ) -> Iterator[tuple[Function | None, ast.ClassDef | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield function, owner, child
            inner = child if isinstance(child, Function) else function
            yield from walk(child, inner, child if isinstance(child, ast.ClassDef) else owner)

    yield from walk(tree, None, None)


def _argument(call: ast.Call, position: int | None, keyword: str) -> ast.expr | None:
    named = next((each.value for each in call.keywords if each.arg == keyword), None)
    if named is not None or position is None or position >= len(call.args):
        return named
    return call.args[position]


def _is_super_init(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "super().__init__"


def _assigned(function: Function, name: str) -> list[ast.expr]:
    """What a variable may be. Of something unpacked: what is in its place, or that place of the whole."""
    found: list[ast.expr] = []
    for node in ast.walk(function):
        for target in node.targets if isinstance(node, ast.Assign) else []:
            match target, node.value:
                case ast.Name(id=each), value if each == name:
                    found.append(value)
                case ast.Tuple(elts=names), value:
                    found += [
                        value.elts[place]
                        if isinstance(value, ast.Tuple)
                        else ast.copy_location(ast.Subscript(value, ast.Constant(place)), value)
                        for place, each in enumerate(names)
                        if isinstance(each, ast.Name) and each.id == name
                    ]
    return found


def _spelled(function: Function | None, node: ast.JoinedStr) -> list[str]:
    """Every text that it may become, where its parts are words that stand in this function; else none."""
    parts = [_words(function, part) for part in node.values]
    return ["".join(words) for words in product(*parts)]


def _words(function: Function | None, node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=other):
            return [*_words(function, body), *_words(function, other)]
        case ast.FormattedValue(value=ast.Name(id=name)) if function is not None:
            return [word for value in _assigned(function, name) for word in _words(function, value)]
    return []
