"""Translate Python functions into JavaScript, so that the page computes with the library's own source.

`translate` takes functions and classes, finds all that they call, and writes each as JavaScript. It knows the part
of Python in which sizes and frameworks' calls are written: integers, strings, tuples, lists, dicts and sets of them,
dataclasses, comprehensions, f-strings, keyword arguments and exceptions. Anything else is refused with the place
where it stands. `python.js` holds what Python has built in, as the object `$py`.
"""

import ast
import builtins
import dataclasses
import functools
import inspect
import json
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from jtconv.explorer._translate_code import Body, Untranslatable, mangled

BUILTINS: Mapping[Any, str] = {
    object: "Object",
    dataclasses.replace: "$py.replace",
    dataclasses.fields: "$py.fields",
} | {
    getattr(builtins, name): f"$py.{name}"
    for name in (
        "str int bool tuple list dict set len sum any all min max range enumerate zip sorted map next abs repr getattr "
        "hasattr reversed divmod type bytes ValueError TypeError KeyError IndexError Exception"
    ).split()
}
"""Python's own functions and classes that python.js has."""


def translate(roots: Mapping[str, Any], natives: Mapping[Any, str] | None = None) -> str:
    """Return JavaScript that defines `roots` by the names given, with all that they call.

    `natives` are functions and tables that the page has itself: to each the JavaScript that takes its place.

    Raises Untranslatable: naming the function, the line and the construct.
    """
    program = Program({**BUILTINS, **(natives or {})})
    for root in roots.values():
        program.add(root)
    program.close()
    return "\n".join([program.text(), *(f"const {name} = {name_of(root)};" for name, root in roots.items())])


def name_of(value: Any) -> str:
    """Return the JavaScript name of a function or class: its module and its name, joined by $."""
    module = value.__module__.removeprefix("jtconv.").replace(".", "$")
    return f"{module}${value.__qualname__.replace('.', '$')}"


class Program:
    """All functions, classes and constants that are reached, and how each is named."""

    def __init__(self, natives: Mapping[Any, str]):
        self.natives = natives
        self.reached: dict[int, Any] = {}
        self.read: dict[FunctionType, Body] = {}
        self.attributes: set[str] = set()  # names after a dot: only methods so named are translated

    def add(self, value: Any) -> None:
        """Note a value that the program uses, and what it consists of."""
        if self.native(value) or id(value) in self.reached:
            return
        if isinstance(value, FunctionType | type):
            self.reached[id(value)] = value
        elif dataclasses.is_dataclass(value):
            self.add(type(value))
            for field in dataclasses.fields(value):
                if field.name in self.attributes:
                    self.add(getattr(value, field.name))
        elif isinstance(value, str) and type(value) is not str:
            self.add(type(value))
        elif isinstance(value, tuple | list | set | frozenset | dict):
            for entry in value.values() if isinstance(value, dict) else value:
                self.add(entry)

    def close(self) -> None:
        """Follow all calls until nothing new is reached."""
        before = None
        while before != (before := (len(self.reached), len(self.attributes))):
            for value in list(self.reached.values()):
                for body in self.bodies(value):
                    for used in body.globals_used:
                        self.add(used)
                    self.attributes |= body.attributes_used

    def bodies(self, value: Any) -> Iterator[Body]:
        """Yield the functions that a value consists of: itself, or the methods in use."""
        if isinstance(value, FunctionType):
            yield self.body(value)
        else:
            for base in value.__bases__:
                if base not in (object, str):
                    self.add(base)
            for field in dataclass_fields(value):
                self.add(field.default)
            for _, method in self.methods(value):
                yield self.body(method)

    def methods(self, cls: type) -> Iterator[tuple[str, Any]]:
        """Yield the methods of a class that are in use; of a property, its function."""
        written = definitions(inspect.getmodule(cls))
        for name, member in vars(cls).items():
            function = member.fget if isinstance(member, property) else member
            is_used = name in self.attributes or name in ("__init__", "__post_init__")
            if isinstance(function, FunctionType) and is_used and f"{cls.__qualname__}.{name}" in written:
                yield name, function

    def body(self, function: Any) -> Body:
        """Return the syntax of a function beside its global names."""
        if function not in self.read:
            node = definitions(inspect.getmodule(function)).get(function.__qualname__)
            if node is None or function.__closure__:
                raise Untranslatable(f"{function.__module__}.{function.__qualname__} is no function of a module")
            self.read[function] = Body(self, node, function)
        return self.read[function]

    def native(self, value: Any) -> str | None:
        """Return the JavaScript written by hand for a value, if there is one."""
        try:
            return self.natives.get(value)
        except TypeError:  # unhashable
            return None

    def callables(self, attribute: str) -> list[FunctionType]:
        """Return the methods of this name, of all classes reached."""
        classes = [value for value in self.reached.values() if isinstance(value, type)]
        found = [vars(cls).get(attribute) for cls in classes]
        return [member for member in found if isinstance(member, FunctionType)]

    def is_field(self, name: str) -> bool:
        """Tell whether a class in use has a field of this name, which may hold a function."""
        return any(name == field.name for cls in self.reached.values() for field in dataclass_fields(cls))

    def text(self) -> str:
        """Return the program: classes, then functions, which may refer to each other."""
        classes = [value for value in self.reached.values() if isinstance(value, type)]
        classes.sort(key=lambda cls: len(cls.__mro__))  # a base before what is derived from it
        functions = [value for value in self.reached.values() if not isinstance(value, type)]
        return "\n".join([*map(self.class_text, classes), *map(self.function_text, functions)])

    def function_text(self, function: Any) -> str:
        name = name_of(function)
        return f"function {name}{self.body(function).text()}\n{name}.params = {parameters(function)};"

    def class_text(self, cls: type) -> str:
        name, base = name_of(cls), cls.__bases__[0]
        if len(cls.__bases__) > 1:
            raise Untranslatable(f"{name} has several bases")
        parent = "" if base is object else f" extends {'String' if base is str else self.literal(base)}"
        methods = dict(self.methods(cls))
        parts = [] if parent else [f"static fields = {json.dumps([field.name for field in dataclass_fields(cls)])};"]
        if "__init__" not in methods and not parent:
            parts.append(self.constructor(cls, "__post_init__" in methods))
        for method, function in methods.items():
            kind = "get " if isinstance(vars(cls)[method], property) else ""
            parts.append(kind + {"__init__": "constructor"}.get(method, mangled(method)) + self.body(function).text())
        lines = [f"class {name}{parent} {{", *parts, "}", f"{name}.isClass = true;"]
        if not parent:
            lines.append(f"{name}.params = {parameters(cls)};")
        for method, function in methods.items():
            if not isinstance(vars(cls)[method], property) and method not in ("__init__", "__post_init__"):
                lines.append(f"{name}.prototype.{mangled(method)}.params = {parameters(function, skip=1)};")
        return "\n".join(lines)

    def constructor(self, cls: type, has_post_init: bool) -> str:
        """Return a dataclass's constructor."""
        fields = dataclass_fields(cls)
        names = [
            mangled(field.name) + ("" if field.default is dataclasses.MISSING else f" = {self.literal(field.default)}")
            for field in fields
        ]
        body = [f"this.{field.name} = {mangled(field.name)};" for field in fields]
        return f"constructor({', '.join(names)}) {{ {' '.join(body)}{' this.__post_init__();' * has_post_init} }}"

    def literal(self, value: Any) -> str:
        """Return an expression for a value that is known when the page is made."""
        if native := self.native(value):
            return native
        if isinstance(value, FunctionType | type):
            return name_of(value)
        if isinstance(value, str) and type(value) is not str:
            return f"new {name_of(type(value))}({json.dumps(str(value))})"
        if value is None or isinstance(value, bool | str) or (isinstance(value, int) and abs(value) < 2**53):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, tuple):
            return f"[{', '.join(map(self.literal, value))}]"
        if isinstance(value, list):
            return f"$py.list([{', '.join(map(self.literal, value))}])"
        if isinstance(value, set | frozenset):
            return f"$py.set([{', '.join(sorted(map(self.literal, value)))}])"
        if isinstance(value, dict):
            return f"new Map([{', '.join(f'[{self.literal(k)}, {self.literal(v)}]' for k, v in value.items())}])"
        if dataclasses.is_dataclass(value):
            names = [field.name for field in dataclasses.fields(value) if field.name in self.attributes]
            fields = ", ".join(f"{name}: {self.literal(getattr(value, name))}" for name in names)
            return f"Object.assign(Object.create({name_of(type(value))}.prototype), {{{fields}}})"
        raise Untranslatable(f"the value {value!r} has no translation")


def dataclass_fields(cls: type) -> tuple[Any, ...]:
    return dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()


def parameters(function: Any, skip: int = 0) -> str:
    """Return the parameters' names in order, `*` before that which takes the rest and `**` before all other keywords."""
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = list(inspect.signature(function).parameters.values())[skip:]
    return json.dumps([marks.get(parameter.kind, "") + parameter.name for parameter in found])


@functools.cache
def definitions(module: ModuleType) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module and the methods of its classes, by qualified name."""
    found = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{member.name}": member for member in node.body if isinstance(member, ast.FunctionDef)
            }
    return found
