"""The body of one Python function as JavaScript."""

import ast
import builtins
import dataclasses
import functools
import inspect
import json
from types import FunctionType, ModuleType
from typing import Any

RESERVED = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends "
    "false finally for function if implements import in instanceof interface let new null package private protected "
    "public return static super switch this throw true try typeof undefined var void while with yield".split()
)
METHODS = frozenset(
    "append count endswith extend get index isdecimal items join keys lower partition removeprefix split startswith "
    "upper values".split()
)
"""Methods of Python's strings, tuples, lists and dicts that python.js has."""
WITH_KEYWORD = frozenset(
    f"$py.{name}" for name in "zip_strict min_default min_key max_default max_key sorted_key".split()
)
"""Python's functions with a keyword that python.js has: it comes first there."""
NUMBER_OPERATORS = {ast.Sub: "-", ast.Pow: "**"}
OPERATORS = {ast.Add: "add", ast.Mult: "mul", ast.FloorDiv: "floordiv", ast.Mod: "mod"}
COMPARISONS = {ast.Eq: "eq", ast.Lt: "lt", ast.LtE: "le", ast.In: "contains"}
SWAPPED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}
NEGATED = {ast.NotEq: ast.Eq, ast.NotIn: ast.In, ast.IsNot: ast.Is}
TRUTHS = frozenset("isinstance any all bool hasattr".split())


class Untranslatable(ValueError):
    """Python that has no translation; the message says what and where."""


def mangled(name: str) -> str:
    """Return a name that JavaScript does not keep for itself."""
    return f"{name}$" if name in RESERVED else name


class Body:
    """A function's syntax, with the values of its global names."""

    def __init__(self, program: Any, node: ast.FunctionDef, function: FunctionType):
        self.program = program
        self.node = node
        self.globals = function.__globals__
        self.place = f"{function.__module__}.{function.__qualname__}"
        every = node.args
        self.parameters = [
            *every.posonlyargs,
            *every.args,
            *filter(None, [every.vararg]),
            *every.kwonlyargs,
            *filter(None, [every.kwarg]),
        ]
        self.is_method = "." in function.__qualname__
        stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        stored |= {n.name for n in ast.walk(node) if isinstance(n, ast.ExceptHandler) and n.name}
        lambdas = {a.arg for n in ast.walk(node) if isinstance(n, ast.Lambda) for a in n.args.args}
        self.assigned = stored - {p.arg for p in self.parameters}
        self.local = stored | lambdas | {p.arg for p in self.parameters}

    # What it uses.

    @functools.cached_property
    def names(self) -> list[ast.Name | ast.Attribute]:
        """All names, but for those in annotations."""
        found, waiting = [], [*self.node.body, *self.defaults().values()]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Name | ast.Attribute):
                found.append(node)
            skipped = node.annotation if isinstance(node, ast.AnnAssign) else None
            waiting += [child for child in ast.iter_child_nodes(node) if child is not skipped]
        return found

    @functools.cached_property
    def globals_used(self) -> list[Any]:
        """Values of the global names and of the names in modules."""
        found = [self.known(node) for node in self.names]
        return [value[0] for value in found if value and not isinstance(value[0], ModuleType)]

    @functools.cached_property
    def attributes_used(self) -> set[str]:
        return {node.attr for node in self.names if isinstance(node, ast.Attribute)}

    def known(self, node: ast.expr) -> tuple[Any] | None:
        """Return (value,) of an expression that names a value known when the page is made."""
        if isinstance(node, ast.Name) and node.id not in self.local:
            if node.id in self.globals:
                return (self.globals[node.id],)
            if hasattr(builtins, node.id):
                return (getattr(builtins, node.id),)
        if isinstance(node, ast.Attribute):
            owner = self.known(node.value)
            if owner and isinstance(owner[0], ModuleType | type):
                return (getattr(owner[0], node.attr),)
        return None

    def refused(self, node: ast.AST, what: str = "") -> Untranslatable:
        said = what or f"{type(node).__name__} has no translation"
        return Untranslatable(f"{self.place}, line {getattr(node, 'lineno', '?')}: {said}: {ast.unparse(node)}")

    # The function.

    def defaults(self) -> dict[str, ast.expr]:
        every = self.node.args
        positional = [*every.posonlyargs, *every.args]
        pairs = [
            *zip(positional[len(positional) - len(every.defaults) :], every.defaults, strict=True),
            *zip(every.kwonlyargs, every.kw_defaults, strict=True),
        ]
        return {parameter.arg: value for parameter, value in pairs if value is not None}

    def text(self) -> str:
        """Return "(parameters) { body }"; methods take `this` for their first."""
        if any(ast.unparse(decorator) not in ("property",) for decorator in self.node.decorator_list):
            raise self.refused(self.node, "a decorator has no translation")
        defaults = self.defaults()
        taken = [
            mangled(p.arg) + (f" = {self.expression(defaults[p.arg])}" if p.arg in defaults else "")
            for p in self.parameters[self.is_method :]
        ]
        lines = [f"const {mangled(self.parameters[0].arg)} = this;"] if self.is_method else []
        if self.assigned - {"_"}:
            lines.append(f"let {', '.join(mangled(name) for name in sorted(self.assigned - {'_'}))};")
        return f"({', '.join(taken)}) {{\n{chr(10).join(lines)}\n{self.block(self.node.body)}\n}}"

    def block(self, statements: list[ast.stmt]) -> str:
        return "\n".join(self.statement(statement) for statement in statements)

    def statement(self, node: ast.stmt) -> str:
        match node:
            case ast.Return():
                return f"return {self.expression(node.value) if node.value else 'null'};"
            case ast.Assign(targets=[target], value=value):
                return self.assignment(target, self.expression(value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self.assignment(target, self.expression(value))
            case ast.AugAssign(target=ast.Name() as target, op=op, value=value):
                left = ast.Name(target.id, ast.Load())
                return self.assignment(target, self.expression(ast.copy_location(ast.BinOp(left, op, value), node)))
            case ast.If():
                otherwise = f" else {{ {self.block(node.orelse)} }}" if node.orelse else ""
                return f"if ({self.condition(node.test)}) {{ {self.block(node.body)} }}{otherwise}"
            case ast.For(orelse=[]):
                head = f"for ({self.target(node.target)} of $py.iter({self.expression(node.iter)}))"
                return f"{head} {{ {self.block(node.body)} }}"
            case ast.While(orelse=[]):
                return f"while ({self.condition(node.test)}) {{ {self.block(node.body)} }}"
            case ast.Raise(exc=None):
                return "throw $error;"
            case ast.Raise(exc=exc):
                return f"throw {self.expression(exc)};"
            case ast.Try(orelse=[], finalbody=[]):
                return f"try {{ {self.block(node.body)} }} catch ($error) {{ {self.handlers(node.handlers)} }}"
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass() | ast.Assert():
                return ""
            case ast.Expr(value=value):
                return f"{self.expression(value)};"
            case ast.Break():
                return "break;"
            case ast.Continue():
                return "continue;"
        raise self.refused(node)

    def assignment(self, target: ast.expr, value: str) -> str:
        if isinstance(target, ast.Subscript):
            return f"$py.setitem({self.expression(target.value)}, {self.expression(target.slice)}, {value});"
        return f"{self.target(target)} = {value};"

    def target(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return "" if name == "_" else mangled(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(map(self.target, parts))}]"
        raise self.refused(node, "a target has no translation")

    def handlers(self, handlers: list[ast.ExceptHandler]) -> str:
        lines = []
        for handler in handlers:
            types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            if None in types:
                raise self.refused(handler, "name the exception")
            test = " || ".join(f"$error instanceof {self.expression(kind)}" for kind in types if kind)
            named = f"{mangled(handler.name)} = $error;" if handler.name else ""
            lines.append(f"if ({test}) {{ {named} {self.block(handler.body)} }} else")
        return " ".join([*lines, "throw $error;"])

    # Expressions.

    def expression(self, node: ast.expr) -> str:
        known = self.known(node)
        if known:
            return self.program.literal(known[0])
        match node:
            case ast.Constant(value=value):
                return self.program.literal(value)
            case ast.Name(id=name) if name in self.local:
                return mangled(name)
            case ast.Tuple(elts=parts):
                return f"[{self.listed(parts)}]"
            case ast.List(elts=parts):
                return f"$py.list([{self.listed(parts)}])"
            case ast.Set(elts=parts):
                return f"$py.set([{self.listed(parts)}])"
            case ast.Dict():
                return f"new Map([{', '.join(map(self.entry, node.keys, node.values))}])"
            case ast.Attribute(value=value, attr=name):
                return f"{self.expression(value)}.{name}"
            case ast.Subscript(value=value, slice=ast.Slice(step=None) as part):
                bounds = [self.expression(bound) if bound else "null" for bound in (part.lower, part.upper)]
                return f"$py.slice({self.expression(value)}, {', '.join(bounds)})"
            case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Slice):
                return f"$py.item({self.expression(value)}, {self.expression(index)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return f"$py.{OPERATORS[type(op)]}({self.expression(left)}, {self.expression(right)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in NUMBER_OPERATORS:
                return f"({self.expression(left)} {NUMBER_OPERATORS[type(op)]} {self.expression(right)})"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.expression(operand)})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!({self.condition(operand)})"
            case ast.Compare():
                operands = [node.left, *node.comparators]
                return f"({' && '.join(map(self.compared, operands, node.ops, operands[1:]))})"
            case ast.BoolOp(op=op, values=values):
                return self.joined(op, values)
            case ast.IfExp():
                return f"({self.condition(node.test)} ? {self.expression(node.body)} : {self.expression(node.orelse)})"
            case ast.JoinedStr(values=values):
                return f"`{''.join(map(self.interpolated, values))}`"
            case ast.GeneratorExp(elt=elt):
                return self.generator(node.generators, self.expression(elt))
            case ast.ListComp(elt=elt):
                return f"$py.list({self.comprehension(node.generators, self.expression(elt))})"
            case ast.SetComp(elt=elt):
                return f"$py.set({self.comprehension(node.generators, self.expression(elt))})"
            case ast.DictComp():
                entry = f"[{self.expression(node.key)}, {self.expression(node.value)}]"
                return f"new Map({self.comprehension(node.generators, entry)})"
            case ast.Lambda(args=ast.arguments(defaults=[], vararg=None, kwarg=None, kwonlyargs=[]), body=body):
                return f"(({', '.join(mangled(p.arg) for p in node.args.args)}) => {self.expression(body)})"
            case ast.Call():
                return self.call(node)
        raise self.refused(node)

    def listed(self, parts: list[ast.expr]) -> str:
        return ", ".join(
            f"...$py.iter({self.expression(part.value)})" if isinstance(part, ast.Starred) else self.expression(part)
            for part in parts
        )

    def entry(self, key: ast.expr | None, value: ast.expr) -> str:
        return f"[{self.expression(key)}, {self.expression(value)}]" if key else f"...{self.expression(value)}"

    def interpolated(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=text):
                return text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${").replace("\n", "\\n")
            case ast.FormattedValue(format_spec=None, conversion=conversion) if conversion in (-1, ord("r")):
                return f"${{$py.{'str' if conversion == -1 else 'repr'}({self.expression(node.value)})}}"
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=",")]), conversion=-1):
                return f"${{$py.thousands({self.expression(node.value)})}}"
        raise self.refused(node, "a format has no translation")

    def comprehension(self, generators: list[ast.comprehension], element: str) -> str:
        """Return an array: quicker to make than what a generator gives, where only one loop is written."""
        if len(generators) > 1:
            return self.generator(generators, element)
        values, target = self.expression(generators[0].iter), self.target(generators[0].target)
        tests = "".join(f".filter(({target}) => {self.condition(test)})" for test in generators[0].ifs)
        return f"$py.array({values}){tests}.map(({target}) => {element})"

    def generator(self, generators: list[ast.comprehension], element: str) -> str:
        head = "".join(
            f"for (const {self.target(g.target) or '$each'} of $py.iter({self.expression(g.iter)})) "
            + "".join(f"if ({self.condition(test)}) " for test in g.ifs)
            for g in generators
        )
        return f"(function* () {{ {head}yield {element}; }})()"

    # Truth.

    def condition(self, node: ast.expr) -> str:
        """Return an expression that is true where Python's is."""
        if isinstance(node, ast.BoolOp):
            between = " && " if isinstance(node.op, ast.And) else " || "
            return f"({between.join(map(self.condition, node.values))})"
        return self.expression(node) if is_truth(node) else f"$py.bool({self.expression(node)})"

    def joined(self, op: ast.boolop, values: list[ast.expr]) -> str:
        """Return `and` or `or` as a value: the first operand that decides."""
        if all(map(is_truth, values)):
            return f"({(' && ' if isinstance(op, ast.And) else ' || ').join(map(self.expression, values))})"
        name = "and" if isinstance(op, ast.And) else "or"
        return f"$py.{name}({', '.join(f'() => {self.expression(value)}' for value in values)})"

    def compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        if type(op) in NEGATED:
            return f"!{self.compared(left, NEGATED[type(op)](), right)}"
        if type(op) in SWAPPED:
            return self.compared(right, SWAPPED[type(op)](), left)
        if isinstance(op, ast.Is):
            return f"({self.expression(left)} === {self.expression(right)})"
        return f"$py.{COMPARISONS[type(op)]}({self.expression(left)}, {self.expression(right)})"

    # Calls.

    def call(self, node: ast.Call) -> str:
        known = self.known(node.func)
        if known and known[0] is isinstance:
            return self.isinstance(node)
        if known and known[0] is object.__setattr__:
            return f"$py.setattr({self.listed(node.args)})"
        is_plain = not any(k.arg is None for k in node.keywords) and not any(
            isinstance(a, ast.Starred) for a in node.args
        )
        if known:
            return self.call_known(node, known[0], is_plain)
        if isinstance(node.func, ast.Attribute):
            return self.call_method(node, node.func, is_plain)
        return self.applied(node, self.expression(node.func))

    def call_known(self, node: ast.Call, function: Any, is_plain: bool) -> str:
        name = self.program.literal(function)
        if function is dataclasses.replace:
            return f"{name}({self.listed(node.args)}, {self.keywords(node)})"
        if self.program.native(function):
            if not WITH_KEYWORD.issuperset(f"{name}_{keyword.arg}" for keyword in node.keywords):
                raise self.refused(node, "keywords have no translation here")
            suffix = "".join(f"_{keyword.arg}" for keyword in node.keywords)
            arguments = self.listed([*(keyword.value for keyword in node.keywords), *node.args])
            if function in (tuple, set, dict) and node.args and isinstance(node.args[0], ast.GeneratorExp):
                arguments = self.comprehension(node.args[0].generators, self.expression(node.args[0].elt))
            new = "new " if isinstance(function, type) and issubclass(function, Exception) else ""
            return f"{new}{name}{suffix}({arguments})"
        if not is_plain:
            return self.applied(node, name)
        new = "new " if isinstance(function, type) else ""
        if isinstance(function, type) and not hasattr(function, "__dataclass_fields__"):
            return f"{new}{name}({self.listed(node.args)})"
        return f"{new}{name}({self.ordered(node, function)})"

    def call_method(self, node: ast.Call, func: ast.Attribute, is_plain: bool) -> str:
        owner = self.expression(func.value)
        methods = self.program.callables(func.attr)
        if methods:
            if func.attr in METHODS or len({str(inspect.signature(m)) for m in methods}) > 1:
                raise self.refused(node, "several classes have a method of this name")
            if is_plain:
                return f"{owner}.{mangled(func.attr)}({self.ordered(node, methods[0], skip=1)})"
            return self.applied(node, f"{owner}.{mangled(func.attr)}", owner)
        if func.attr in METHODS:
            if node.keywords:
                raise self.refused(node, "keywords have no translation here")
            return f"$py.methods.{func.attr}({', '.join(filter(None, [owner, self.listed(node.args)]))})"
        if self.program.is_field(func.attr):
            return self.applied(node, f"{owner}.{func.attr}")
        raise self.refused(node, "no class in use has this method")

    def ordered(self, node: ast.Call, function: Any, skip: int = 0) -> str:
        """Return the arguments in the order of the parameters, undefined where one is left out."""
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())[skip:]
        try:
            bound = signature.replace(parameters=parameters).bind(
                *node.args, **{keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            )
        except TypeError as error:
            raise self.refused(node, str(error)) from None
        texts = []
        for parameter in parameters:
            value = bound.arguments.get(parameter.name)
            if parameter.kind is parameter.VAR_POSITIONAL:
                texts.append(f"[{self.listed(list(value or ()))}]")
            elif parameter.kind is parameter.VAR_KEYWORD:
                texts.append(
                    f"new Map([{', '.join(f'[{json.dumps(k)}, {self.expression(v)}]' for k, v in (value or {}).items())}])"
                )
            else:
                texts.append("undefined" if value is None else self.expression(value))
        while texts and texts[-1] == "undefined":
            texts.pop()
        return ", ".join(texts)

    def applied(self, node: ast.Call, function: str, owner: str = "null") -> str:
        """Return a call whose arguments find their places when it runs."""
        return f"$py.apply({function}, [{self.listed(node.args)}], {self.keywords(node)}, {owner})"

    def keywords(self, node: ast.Call) -> str:
        parts = [
            f"[{json.dumps(k.arg)}, {self.expression(k.value)}]" if k.arg else f"...{self.expression(k.value)}"
            for k in node.keywords
        ]
        return f"new Map([{', '.join(parts)}])"

    def isinstance(self, node: ast.Call) -> str:
        value, kinds = self.expression(node.args[0]), node.args[1]
        waiting, found = [kinds], []
        while waiting:
            kind = waiting.pop(0)
            if isinstance(kind, ast.BinOp) and isinstance(kind.op, ast.BitOr):
                waiting = [kind.left, kind.right, *waiting]
            elif isinstance(kind, ast.Tuple):
                waiting = [*kind.elts, *waiting]
            else:
                found.append(kind)
        known = [self.known(kind) for kind in found]
        if not all(known):
            raise self.refused(node, "a type has no translation")
        types = [self.program.literal(kind[0]) for kind in known if kind]
        return f"$py.isinstance({value}, [{', '.join(types)}])"


def is_truth(node: ast.expr) -> bool:
    """Whether an expression gives True or False."""
    match node:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Constant(value=bool()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in TRUTHS
        case ast.BoolOp(values=values):
            return all(map(is_truth, values))
    return False
