"""One Python function as JavaScript: a method for each kind of syntax."""

import ast
import builtins
import dataclasses
import functools
import inspect
from types import FunctionType, ModuleType
from typing import Any, Protocol

WITH_KEYWORD = ("max_default", "max_key", "min_default", "min_key", "sorted_key", "zip_strict")
"""Python's functions with a keyword that python.js has: the keyword comes first there."""
METHODS = (
    *("append", "count", "endswith", "extend", "get", "index", "isdecimal", "items", "join", "keys", "lower"),
    *("partition", "removeprefix", "split", "startswith", "upper", "values"),
)
"""Methods of strings, tuples, lists and dicts."""
OPERATORS: dict[type, str] = {ast.Add: "add", ast.Mult: "mul", ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Sub: "sub"}
COMPARISONS: dict[type, str] = {ast.Eq: "eq", ast.Is: "is", ast.Lt: "lt", ast.LtE: "le", ast.In: "contains"}
NEGATED: dict[type, type[ast.cmpop]] = {
    **{ast.NotEq: ast.Eq, ast.IsNot: ast.Is, ast.NotIn: ast.In},
    **{ast.Gt: ast.LtE, ast.GtE: ast.Lt},  # of integers
}
RESERVED = (
    *("arguments", "await", "case", "catch", "const", "debugger", "default", "delete", "do", "enum", "eval", "export"),
    *("extends", "false", "function", "implements", "instanceof", "interface", "let", "new", "null", "package"),
    *("private", "protected", "public", "static", "super", "switch", "this", "throw", "true", "typeof", "var", "void"),
)
"""Words that are names in Python and none in JavaScript."""

NOT_KNOWN = object()


class Untranslatable(ValueError):
    """Python that has no translation; the message says what and where."""


class Program(Protocol):
    """The program that a function becomes a part of."""

    attributes: dict[str, str]

    def expression(self, value: Any) -> str:
        """Return JavaScript for a value that is known when the page is made."""
        ...


class Translation(ast.NodeVisitor):
    """One function: each `visit_…` returns the JavaScript of one kind of node."""

    def __init__(self, program: Program, function: FunctionType):
        self.program = program
        self.globals = function.__globals__
        self.place = f"{function.__module__}.{function.__qualname__}"
        node = definitions(inspect.getmodule(function)).get(function.__qualname__)
        if node is None or function.__closure__:
            raise Untranslatable(f"{self.place} is no function of a module")
        self.node = node
        every = node.args
        listed = [*every.posonlyargs, *every.args, every.vararg, *every.kwonlyargs, every.kwarg]
        self.parameters = [parameter.arg for parameter in listed if parameter]
        nodes = list(ast.walk(node))
        handled = [n.name for n in nodes if isinstance(n, ast.ExceptHandler) and n.name]
        inner = {a.arg for n in nodes if isinstance(n, ast.Lambda) for a in n.args.args}
        inner |= {name for n in nodes if isinstance(n, ast.comprehension) for name in stored(n.target)}
        self.assigned = {*stored(node), *handled} - {*self.parameters, "_"}
        self.local = {*self.assigned, *self.parameters, *inner}
        if hidden := (inner - {"_"}) & self.globals.keys():
            raise Untranslatable(f"{self.place}: {', '.join(sorted(hidden))} is global, too, so has no translation")

    def parts(self, skip: int = 0) -> tuple[str, str]:
        """Return the parameters and the body."""
        if any(ast.unparse(decorator) != "property" for decorator in self.node.decorator_list):
            raise self.refused(self.node, "a decorator has no translation")
        every = self.node.args
        last = [*every.posonlyargs, *every.args][len(every.posonlyargs + every.args) - len(every.defaults) :]
        pairs = [*zip(last, every.defaults, strict=True), *zip(every.kwonlyargs, every.kw_defaults, strict=True)]
        usual = {parameter.arg: f" = {self.visit(value)}" for parameter, value in pairs if value}
        taken = ", ".join(mangled(name) + usual.get(name, "") for name in self.parameters[skip:])
        declared = f"let {', '.join(map(mangled, sorted(self.assigned)))};\n" if self.assigned else ""
        return taken, f"{declared}{self.block(self.node.body)}\nreturn null;"

    def refused(self, node: Any, what: str = "") -> Untranslatable:
        said = what or f"{type(node).__name__} has no translation"
        return Untranslatable(f"{self.place}, line {getattr(node, 'lineno', '?')}: {said}: {ast.unparse(node)}")

    def generic_visit(self, node: ast.AST) -> str:
        raise self.refused(node)

    def known(self, node: ast.expr) -> Any:
        """Return the value of a global name or of a name in a module or class, known when the page is made."""
        if isinstance(node, ast.Name) and node.id not in self.local:
            return self.globals.get(node.id, getattr(builtins, node.id, NOT_KNOWN))
        if isinstance(node, ast.Attribute):
            owner = self.known(node.value)
            if isinstance(owner, ModuleType | type):
                return getattr(owner, node.attr)
        return NOT_KNOWN

    # Statements.

    def block(self, statements: list[ast.stmt]) -> str:
        return "\n".join(map(self.visit, statements))

    def visit_Return(self, node: ast.Return) -> str:
        return f"return {self.visit(node.value) if node.value else 'null'};"

    def visit_Assign(self, node: ast.Assign) -> str:
        target, value = node.targets[0], self.visit(node.value)
        if len(node.targets) > 1:
            raise self.refused(node)
        if isinstance(target, ast.Subscript):
            return f"$py.setitem({self.visit(target.value)}, {self.visit(target.slice)}, {value});"
        return f"{self.target(target)} = {value};"

    def visit_AnnAssign(self, node: ast.AnnAssign) -> str:
        return f"{self.target(node.target)} = {self.visit(node.value)};" if node.value else ""

    def visit_AugAssign(self, node: ast.AugAssign) -> str:
        return f"{self.target(node.target)} = {self.operation(node, node.target, node.value)};"

    def visit_If(self, node: ast.If) -> str:
        otherwise = f" else {{ {self.block(node.orelse)} }}" if node.orelse else ""
        return f"if ({self.condition(node.test)}) {{ {self.block(node.body)} }}{otherwise}"

    def visit_For(self, node: ast.For) -> str:
        if node.orelse:
            raise self.refused(node)
        target, values = self.target(node.target) or "const $each", self.visit(node.iter)
        return f"for ({target} of $py.iter({values})) {{ {self.block(node.body)} }}"

    def visit_While(self, node: ast.While) -> str:
        if node.orelse:
            raise self.refused(node)
        return f"while ({self.condition(node.test)}) {{ {self.block(node.body)} }}"

    def visit_Break(self, node: ast.Break | ast.Continue) -> str:
        return f"{ast.unparse(node)};"

    visit_Continue = visit_Break

    def visit_Pass(self, node: ast.Pass | ast.Assert) -> str:
        return ""

    visit_Assert = visit_Pass

    def visit_Expr(self, node: ast.Expr) -> str:
        return "" if isinstance(node.value, ast.Constant) else f"{self.visit(node.value)};"

    def visit_Raise(self, node: ast.Raise) -> str:
        return f"throw {self.visit(node.exc) if node.exc else '$error'};"

    def visit_Try(self, node: ast.Try) -> str:
        if node.orelse or node.finalbody or not all(handler.type for handler in node.handlers):
            raise self.refused(node)
        handlers = [
            f"if ($py.isinstance($error, {self.kinds(handler.type)})) {{ "
            f"{f'{mangled(handler.name)} = $error;' if handler.name else ''} {self.block(handler.body)} }} else "
            for handler in node.handlers
        ]
        return f"try {{ {self.block(node.body)} }} catch ($error) {{ {''.join(handlers)} throw $error; }}"

    def target(self, node: ast.expr) -> str:
        """Return what is assigned to; nothing for "_", which may stand several times."""
        if isinstance(node, ast.Name):
            return "" if node.id == "_" else mangled(node.id)
        if isinstance(node, ast.Tuple):
            return f"[{', '.join(map(self.target, node.elts))}]"
        raise self.refused(node, "a target has no translation")

    # Expressions.

    def value(self, node: ast.expr, value: Any) -> str:
        """Return the JavaScript of a value that is known when the page is made."""
        try:
            return self.program.expression(value)
        except Untranslatable as error:
            raise self.refused(node, str(error)) from None

    def visit_Constant(self, node: ast.Constant) -> str:
        return self.value(node, node.value)

    def visit_Name(self, node: ast.Name) -> str:
        value = self.known(node)
        return mangled(node.id) if value is NOT_KNOWN else self.value(node, value)

    def visit_Attribute(self, node: ast.Attribute) -> str:
        value = self.known(node)
        if value is not NOT_KNOWN:
            return self.value(node, value)
        return f"{self.visit(node.value)}.{self.attribute(node)}"

    def attribute(self, node: ast.Attribute) -> str:
        """Note that a name is in use: the methods and fields so named are translated."""
        self.program.attributes.setdefault(node.attr, f"{self.place}, line {node.lineno}")
        return node.attr

    def visit_Tuple(self, node: ast.Tuple | ast.List | ast.Set) -> str:
        return f"[{self.listed(node.elts)}]"

    def visit_List(self, node: ast.List) -> str:
        return f"$py.list({self.visit_Tuple(node)})"

    def visit_Set(self, node: ast.Set) -> str:
        return f"$py.set({self.visit_Tuple(node)})"

    def visit_Dict(self, node: ast.Dict) -> str:
        pairs = zip(node.keys, node.values, strict=True)
        entries = [f"[{self.visit(k)}, {self.visit(v)}]" if k else f"...{self.visit(v)}" for k, v in pairs]
        return f"new Map([{', '.join(entries)}])"

    def listed(self, nodes: list[ast.expr]) -> str:
        return ", ".join(
            f"...$py.iter({self.visit(node.value)})" if isinstance(node, ast.Starred) else self.visit(node)
            for node in nodes
        )

    def visit_Subscript(self, node: ast.Subscript) -> str:
        if not isinstance(node.slice, ast.Slice):
            return f"$py.item({self.visit(node.value)}, {self.visit(node.slice)})"
        if node.slice.step:
            raise self.refused(node)
        bounds = [self.visit(bound) if bound else "null" for bound in (node.slice.lower, node.slice.upper)]
        return f"$py.slice({self.visit(node.value)}, {', '.join(bounds)})"

    def visit_BinOp(self, node: ast.BinOp) -> str:
        return self.operation(node, node.left, node.right)

    def operation(self, node: ast.BinOp | ast.AugAssign, left: ast.expr, right: ast.expr) -> str:
        if type(node.op) not in OPERATORS:
            raise self.refused(node)
        return f"$py.{OPERATORS[type(node.op)]}({self.visit(left)}, {self.visit(right)})"

    def visit_UnaryOp(self, node: ast.UnaryOp) -> str:
        if isinstance(node.op, ast.Not):
            return f"!{self.condition(node.operand)}"
        if not isinstance(node.op, ast.USub):
            raise self.refused(node)
        return f"$py.sub(0, {self.visit(node.operand)})"

    def visit_Compare(self, node: ast.Compare) -> str:
        operands = [self.visit(operand) for operand in (node.left, *node.comparators)]
        return f"({' && '.join(map(self.compared, operands, node.ops, operands[1:]))})"

    def compared(self, left: str, op: ast.cmpop, right: str) -> str:
        if type(op) in NEGATED:
            return f"!{self.compared(left, NEGATED[type(op)](), right)}"
        return f"$py.{COMPARISONS[type(op)]}({left}, {right})"

    def visit_BoolOp(self, node: ast.BoolOp) -> str:
        """The first operand that decides, as Python has it."""
        name = "and" if isinstance(node.op, ast.And) else "or"
        return f"$py.{name}({', '.join(f'() => {self.visit(value)}' for value in node.values)})"

    def condition(self, node: ast.expr) -> str:
        """Return an expression that is true where Python's is."""
        if isinstance(node, ast.BoolOp):
            between = " && " if isinstance(node.op, ast.And) else " || "
            return f"({between.join(map(self.condition, node.values))})"
        is_not = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        return self.visit(node) if is_not or isinstance(node, ast.Compare) else f"$py.bool({self.visit(node)})"

    def visit_IfExp(self, node: ast.IfExp) -> str:
        return f"({self.condition(node.test)} ? {self.visit(node.body)} : {self.visit(node.orelse)})"

    def visit_JoinedStr(self, node: ast.JoinedStr) -> str:
        return f"[{', '.join(map(self.visit, node.values))}].join('')"

    def visit_FormattedValue(self, node: ast.FormattedValue) -> str:
        spec = ast.unparse(node.format_spec).strip("f'\"") if node.format_spec else ""
        names = {(-1, ""): "str", (ord("r"), ""): "repr", (-1, ","): "thousands"}
        if (node.conversion, spec) not in names:
            raise self.refused(node, "a format has no translation")
        return f"$py.{names[node.conversion, spec]}({self.visit(node.value)})"

    def visit_GeneratorExp(self, node: Any, element: ast.expr | None = None) -> str:
        loops = [
            f"for (const {self.target(loop.target) or '$each'} of $py.iter({self.visit(loop.iter)})) "
            + "".join(f"if ({self.condition(test)}) " for test in loop.ifs)
            for loop in node.generators
        ]
        return f"(function* () {{ {''.join(loops)}yield {self.visit(element or node.elt)}; }})()"

    def array(self, node: Any, element: ast.expr) -> str:
        """Return the elements at once: far quicker than a generator, where there is one loop."""
        if len(node.generators) > 1:
            return self.visit_GeneratorExp(node, element)
        loop = node.generators[0]
        values, each = f"$py.array({self.visit(loop.iter)})", self.target(loop.target) or "$each"
        tests = "".join(f".filter(({each}) => {self.condition(test)})" for test in loop.ifs)
        return f"{values}{tests}.map(({each}) => {self.visit(element)})"

    def visit_ListComp(self, node: ast.ListComp) -> str:
        return f"$py.list({self.array(node, node.elt)})"

    def visit_SetComp(self, node: ast.SetComp) -> str:
        return f"$py.set({self.array(node, node.elt)})"

    def visit_DictComp(self, node: ast.DictComp) -> str:
        return f"new Map({self.array(node, ast.Tuple([node.key, node.value], ast.Load()))})"

    def visit_Lambda(self, node: ast.Lambda) -> str:
        if ast.unparse(node.args) != ", ".join(parameter.arg for parameter in node.args.args):
            raise self.refused(node)
        return f"(({', '.join(mangled(parameter.arg) for parameter in node.args.args)}) => {self.visit(node.body)})"

    # Calls.

    def visit_Call(self, node: ast.Call) -> str:
        function = self.known(node.func)
        if function is isinstance:
            return f"$py.isinstance({self.visit(node.args[0])}, {self.kinds(node.args[1])})"
        if function is dataclasses.replace:
            return f"$py.replace({self.listed(node.args)}, {self.keywords(node)})"
        if function is NOT_KNOWN and isinstance(node.func, ast.Attribute):
            return self.call_method(node, node.func)
        name = self.visit(node.func)
        if name.startswith("$py."):
            is_new = isinstance(function, type) and issubclass(function, Exception)
            return f"{'new ' * is_new}{self.call_builtin(node, name)}"
        if isinstance(function, FunctionType) and not node.keywords and not has_rest(function, node):
            return f"{name}({self.listed(node.args)})"
        return f"$py.apply({name}, [{self.listed(node.args)}], {self.keywords(node)})"

    def call_builtin(self, node: ast.Call, name: str) -> str:
        for keyword in node.keywords:
            name = f"{name}_{keyword.arg}"
        if node.keywords and name.removeprefix("$py.") not in WITH_KEYWORD:
            raise self.refused(node, "a keyword has no translation")
        if name == "$py.tuple" and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            return f"$py.tuple({self.array(node.args[0], node.args[0].elt)})"
        return f"{name}({self.listed([*(keyword.value for keyword in node.keywords), *node.args])})"

    def call_method(self, node: ast.Call, function: ast.Attribute) -> str:
        owner = self.visit(function.value)
        if function.attr in METHODS:
            if node.keywords:
                raise self.refused(node, "a keyword has no translation")
            return f"$py.methods.{function.attr}({', '.join(filter(None, [owner, self.listed(node.args)]))})"
        method = f"{owner}.{self.attribute(function)}"
        return f"$py.apply({method}, [{self.listed(node.args)}], {self.keywords(node)}, {owner})"

    def keywords(self, node: ast.Call) -> str:
        values = [(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        parts = [f"{name}: {value}" if name else f"...Object.fromEntries({value})" for name, value in values]
        return f"{{ {', '.join(parts)} }}" if parts else "null"

    def kinds(self, node: ast.expr | None) -> str:
        """Return the types of `isinstance` or of `except` as an array."""
        found = eval(ast.unparse(node), self.globals) if node else ()  # only names, "|" and tuples of them
        every = found if isinstance(found, tuple) else getattr(found, "__args__", (found,))
        return f"[{', '.join(map(self.program.expression, every))}]"


def in_order(function: Any) -> list[str]:
    """Return the names of the parameters: "*name" takes the rest as an array, "**name" other keywords as a Map."""
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parameters = inspect.signature(function).parameters.values()
    return [marks.get(parameter.kind, "") + parameter.name for parameter in parameters]


def stored(node: ast.AST) -> set[str]:
    """Return the names that are assigned to."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def has_rest(function: FunctionType, call: ast.Call) -> bool:
    """Tell whether a function takes any number of arguments, or is given a sequence of them."""
    takes = any(name.startswith("*") for name in in_order(function))
    return takes or any(isinstance(argument, ast.Starred) for argument in call.args)


def mangled(name: str) -> str:
    """Return a name that JavaScript allows."""
    return f"{name}$" if name in RESERVED else name


@functools.cache
def definitions(module: ModuleType) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module and the methods of its classes, by qualified name."""
    tree = ast.parse(inspect.getsource(module))
    owners = [("", tree), *((f"{node.name}.", node) for node in tree.body if isinstance(node, ast.ClassDef))]
    return {
        start + node.name: node for start, owner in owners for node in owner.body if isinstance(node, ast.FunctionDef)
    }
