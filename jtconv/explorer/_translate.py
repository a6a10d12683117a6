"""Translate Python functions into JavaScript, so that the page computes with the library's own source.

`translate` takes functions and writes them, and all that they call, as JavaScript. It knows the part of Python in
which sizes and frameworks' calls are written: integers, strings, tuples, lists, dicts, sets, dataclasses,
comprehensions, f-strings, keyword arguments and exceptions. It refuses everything else, and says where it stands.
`python.js` holds what Python has built in, as the object `$py`.
"""

import builtins
import dataclasses
import inspect
import json
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from jtconv.explorer._translate_function import Translation, Untranslatable, definitions, in_order, mangled

BUILTINS = (
    *("Exception", "IndexError", "KeyError", "TypeError", "ValueError", "abs", "all", "any", "bool", "bytes", "dict"),
    *("divmod", "enumerate", "getattr", "hasattr", "int", "len", "list", "map", "max", "min", "next", "range", "repr"),
    *("reversed", "set", "sorted", "str", "sum", "tuple", "type", "zip"),
)
NATIVES: Mapping[Any, str] = {
    **{getattr(builtins, name): f"$py.{name}" for name in BUILTINS},
    dataclasses.fields: "$py.fields",
    object.__setattr__: "$py.setattr",
}


def translate(roots: Mapping[str, Any], natives: Mapping[Any, str] | None = None) -> str:
    """Return JavaScript that defines `roots` by the names given, with all that they call.

    `natives` are functions and tables that the page has itself: to each the JavaScript that takes its place.

    Raises Untranslatable: naming the function, the line and the construct.
    """
    program = Program({**NATIVES, **(natives or {})})
    names = [f"const {name} = {program.expression(root)};" for name, root in roots.items()]
    return "\n".join([*program.texts(), *names])


class Program:
    """The functions and classes that are reached, each translated once."""

    def __init__(self, natives: Mapping[Any, str]):
        self.natives = natives
        self.reached: dict[Any, str] = {}  # with the name of each
        self.rows: dict[int, tuple[str, Any]] = {}  # dataclasses' instances in tables, with the name of each
        self.attributes: dict[str, str] = {}  # names after a dot, and where: methods and rows' fields to translate

    def expression(self, value: Any) -> str:
        """Return JavaScript for a value that is known when the page is made."""
        try:
            if value in self.natives:
                return self.natives[value]
        except TypeError:  # not hashable
            pass
        if isinstance(value, FunctionType | type):
            name = f"{value.__module__.removeprefix('jtconv.')}.{value.__qualname__}".replace(".", "$")
            return self.reached.setdefault(value, name)
        if isinstance(value, str) and type(value) is not str:
            return f"new {self.expression(type(value))}({json.dumps(str(value))})"
        if value is None or isinstance(value, bool | str) or (isinstance(value, int) and abs(value) < 2**53):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            return f"new Map([{', '.join(self.expression(pair) for pair in value.items())}])"
        if isinstance(value, tuple | list | set | frozenset):
            items = f"[{', '.join(map(self.expression, value))}]"
            return items if isinstance(value, tuple) else f"$py.{'list' if isinstance(value, list) else 'set'}({items})"
        if dataclasses.is_dataclass(value):
            return self.rows.setdefault(id(value), (f"$row{len(self.rows)}", value))[0]
        raise Untranslatable(f"a value of type {type(value).__name__} has no translation")

    def texts(self) -> list[str]:
        """Translate what is reached until nothing new is: classes first, as JavaScript needs them in order."""
        found: dict[str, str] = {}
        before = -1
        while len(found) != before:
            before = len(found)
            for value, name in list(self.reached.items()):
                if name not in found:
                    found[name] = self.class_text(value, name) if isinstance(value, type) else self.text(value, name)
                if isinstance(value, type):
                    self.add_methods(value, name, found)
            for name, row in list(self.rows.values()):
                self.add_row(name, row, found)
        classes = sorted((c for c in self.reached if isinstance(c, type)), key=lambda c: len(c.__mro__))
        self.check_attributes(classes)
        rows = [f"const {name} = {{}};" for name, _ in self.rows.values()]  # before all that may refer to them
        return [*(found.pop(self.reached[cls]) for cls in classes), *rows, *found.values()]

    def add_methods(self, cls: type, name: str, found: dict[str, str]) -> None:
        """Translate the methods and properties whose names are in use."""
        for method, member in vars(cls).items():
            function = member.fget if isinstance(member, property) else member
            full = f"{name}${method}"
            if method in self.attributes and full not in found and isinstance(function, FunctionType):
                kind = "getter" if isinstance(member, property) else "method"
                found[full] = f'{self.text(function, full)}\n$py.{kind}({name}, "{method}", {full});'

    def add_row(self, name: str, row: Any, found: dict[str, str]) -> None:
        """Fill the plain object of an instance with those fields whose names are in use."""
        for field in dataclasses.fields(row):
            if field.name in self.attributes and f"{name}.{field.name}" not in found:
                value = self.expression(getattr(row, field.name))
                found[f"{name}.{field.name}"] = f"{name}.{field.name} = {value};"

    def check_attributes(self, classes: list[type]) -> None:
        """Refuse a name after a dot that nothing in use has; "name" is also an attribute of a dataclass's field."""
        tables = [native for native in self.natives if isinstance(native, tuple)]
        rows = [*(row for _, row in self.rows.values()), *(row for table in tables for row in table)]
        owners = [*filter(dataclasses.is_dataclass, classes), *rows]
        fields = {"name", "__name__", *(field.name for owner in owners for field in dataclasses.fields(owner))}
        for name, place in self.attributes.items():
            if name not in fields and not any(name in vars(cls) for cls in classes):
                raise Untranslatable(f"{place}: the attribute {name} has no translation")

    def text(self, function: FunctionType, name: str) -> str:
        """Return a function's declaration, with the names of its parameters beside it."""
        parameters, body = Translation(self, function).parts()
        return f"function {name}({parameters}) {{\n{body}\n}}\n$py.noted({name}, {json.dumps(in_order(function))});"

    def class_text(self, cls: type, name: str) -> str:
        """Return a dataclass, an exception or a kind of string; its methods are added after it."""
        bases = [base for base in cls.__bases__ if base is not object]
        if bases:
            base = "String" if bases == [str] else self.expression(bases[0])
            return f"class {name} extends {base} {{ static isClass = true; }}"
        if not dataclasses.is_dataclass(cls) or hasattr(cls, "__post_init__"):
            raise Untranslatable(f"{name}: only dataclasses without __post_init__ have a translation")
        fields = {field.name: field.default for field in dataclasses.fields(cls)}
        usual = [
            mangled(f) + ("" if d is dataclasses.MISSING else f" = {self.expression(d)}") for f, d in fields.items()
        ]
        parameters, body = ", ".join(usual), " ".join(f"this.{f} = {mangled(f)};" for f in fields)
        if f"{cls.__qualname__}.__init__" in definitions(inspect.getmodule(cls)):
            parameters, body = Translation(self, vars(cls)["__init__"]).parts(skip=1)
            body = f"const self = this;\n{body}"
        facts = f"isClass: true, fields: {json.dumps(list(fields))}, params: {json.dumps(in_order(cls))}"
        return f"class {name} {{\nconstructor({parameters}) {{ {body} }}\n}}\nObject.assign({name}, {{ {facts} }});"
