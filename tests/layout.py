"""The layout of the code as a house: rooms, the imports between them, and floors.

A room is a package of `jtconv`, a package within one, or a module at the top of `jtconv`; `experiments`,
`benchmarks` and `tools` are one room each. Files are named by their path from the root, rooms as the folder listing
names them: `_geometry`, `_compute/cpu`, `_conv`. The file `jtconv/__init__.py` is the room `jtconv`.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median
from typing import NamedTuple

TOPS = ("jtconv", "experiments", "benchmarks", "tools")
MAX_ROOMS = 34
MAX_FLOORS = 13
MAX_LINES = 400
MEDIAN_LINES = (100, 130)


class Import(NamedTuple):
    """One file imports another."""

    importer: str
    imported: str


# --- rooms and imports -----------------------------------------------------------------------


def files_of(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for top in TOPS for path in (root / top).rglob("*.py"))


def room_of(file: str) -> str:
    top, *folders, name = file.split("/")
    if top != "jtconv":
        return top
    if folders:
        return "/".join(folders)
    return top if name == "__init__.py" else name.removesuffix(".py")


def rooms_of(root: Path) -> set[str]:
    return {room_of(file) for file in files_of(root)}


def imports_of(root: Path) -> set[Import]:
    """Return every import of one file by another, also those in functions and under TYPE_CHECKING."""
    files = files_of(root)
    modules = {_module_of(file): file for file in files}
    found = set()
    for file in files:
        tree = ast.parse((root / file).read_text())
        for candidates in (names for node in ast.walk(tree) for names in _imported_names(node, file)):
            imported = next((modules[name] for name in candidates if name in modules), file)
            if imported != file:
                found.add(Import(file, imported))
    return found


def _module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported_names(node: ast.AST, file: str) -> Iterator[list[str]]:
    """For each name that a statement imports: the modules that it may be or be in, the longest first."""
    match node:
        case ast.Import(names=names):
            yield from ([name.name] for name in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            package = file.split("/")[:-level] if level else []
            origin = ".".join([*package, *([module] if module else [])])
            yield from ([f"{origin}.{name.name}", origin] for name in names)
        case ast.Call(func=ast.Name("import_module") | ast.Attribute(attr="import_module"), args=[ast.Constant(name)]):
            yield [str(name)]


# --- the table of rooms ----------------------------------------------------------------------


def read_table(page: str) -> list[list[str]]:
    """Read the rooms of each row, top floor first, from the table of a page whose first heading begins with "rooms"."""
    match = re.search(r"^\| *rooms\b.*\n\|[-| :]+\|\n((?:\|.*\n?)+)", page, re.MULTILINE | re.IGNORECASE)
    if match is None:
        raise ValueError("The page must have a table whose first heading begins with `rooms`.")
    return [[plain(name) for name in re.findall("`([^`]+)`", row.split("|")[1])] for row in match[1].splitlines()]


def plain(name: str) -> str:
    """Name a room as the folder listing does, from `jtconv.models`, `_compute.cpu` or `_compute/cpu/`."""
    return name.strip("/").replace(".", "/").removeprefix("jtconv/")


def misplaced(rooms: set[str], table: list[list[str]]) -> list[str]:
    """List the rooms that are not in the table exactly once, and those of the table that do not exist."""
    listed = [room for row in table for room in row]
    return [
        *(f"{room} is {listed.count(room)} times in the table" for room in sorted(rooms) if listed.count(room) != 1),
        *(f"{room} is in the table alone" for room in sorted(set(listed) - rooms)),
    ]


def upward(imports: Iterable[Import], table: list[list[str]]) -> list[str]:
    """List the imports that do not point to a lower row."""
    row_of = {room: number for number, row in enumerate(table) for room in row}
    return [
        f"{importer} ({room_of(importer)}) imports {imported} ({room_of(imported)})"
        for importer, imported in sorted(imports)
        if room_of(importer) != room_of(imported) and row_of[room_of(importer)] >= row_of[room_of(imported)]
    ]


# --- circles, floors, sizes ------------------------------------------------------------------


def graph_of(edges: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)
        graph.setdefault(target, set())
    return graph


def room_graph(imports: Iterable[Import]) -> dict[str, set[str]]:
    between = ((room_of(importer), room_of(imported)) for importer, imported in imports)
    return graph_of((a, b) for a, b in between if a != b)


def circle(imports: Iterable[Import]) -> list[str]:
    """Return the files of one circle of imports, the first of them again at the end; none where there is no circle."""
    try:
        TopologicalSorter(graph_of(imports)).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return []


def floors(imports: Iterable[Import]) -> dict[str, int]:
    """Return each room's floor: the number of rooms on the longest path of imports that begins with it."""
    graph, floor = room_graph(imports), {}
    for room in TopologicalSorter(graph).static_order():
        floor[room] = 1 + max((floor[below] for below in graph[room]), default=0)
    return floor


def lines_of(root: Path) -> dict[str, int]:
    """Return the number of lines of every file of `jtconv`, without the packages' lists of names."""
    files = [file for file in files_of(root) if room_of(file) not in TOPS and not file.endswith("/__init__.py")]
    return {file: len((root / file).read_text().splitlines()) for file in files}


def out_of_size(lines: dict[str, int]) -> list[str]:
    """List what is wrong with the files' sizes: each by itself, and their median."""
    low, high = MEDIAN_LINES
    middle = median(lines.values())
    return [
        *(f"{file} has {n} lines, more than {MAX_LINES}" for file, n in lines.items() if n > MAX_LINES),
        *([] if low <= middle <= high else [f"the median file has {middle} lines, not {low} to {high}"]),
    ]


def too_many(imports: set[Import], rooms: set[str]) -> list[str]:
    """List what there is too much of: rooms, floors."""
    counts = {"rooms": (len(rooms), MAX_ROOMS), "floors": (max(floors(imports).values(), default=0), MAX_FLOORS)}
    return [f"{n} {name}, more than {most}" for name, (n, most) in counts.items() if n > most]


# --- what packages say -----------------------------------------------------------------------


def unsaid(root: Path, imports: set[Import]) -> list[str]:
    """List the packages whose docstring does not say "May import …" with every room they import.

    A room stands for the packages within it, too. "and all that it may import" stands for what the rooms named
    import in turn. A package need not name the packages within itself.
    """
    graph = room_graph(imports)
    packages = [file for file in files_of(root) if file.startswith("jtconv/") and file.endswith("/__init__.py")]
    return [
        f"{file}: {wrong}"
        for file in packages
        if room_of(file) != "jtconv" and (wrong := _unsaid(root / file, room_of(file), graph, rooms_of(root)))
    ]


def _unsaid(file: Path, room: str, graph: dict[str, set[str]], rooms: set[str]) -> str:
    text = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").split())
    if not text:
        return "has no docstring"
    sentence = re.search(r"May import (?:`[^`]*`|[^`.])+\.", text)
    if sentence is None:
        return 'does not say "May import …"'
    named = {plain(name) for name in re.findall("`([^`]+)`", sentence[0])}
    if strange := named - rooms:
        return f"names {', '.join(sorted(strange))}, which is no room"
    if " all that " in sentence[0]:
        named |= {below for name in named for below in _reached(name, graph)}
    folders = tuple(f"{name}/" for name in [room, *named])
    missing = {each for each in graph.get(room, set()) - named if not each.startswith(folders)}
    return f"imports {', '.join(sorted(missing))}, which it does not name" if missing else ""


def _reached(room: str, graph: dict[str, set[str]]) -> set[str]:
    reached, ahead = set(), {room}
    while ahead:
        ahead = set().union(*(graph.get(each, set()) for each in ahead)) - reached
        reached |= ahead
    return reached
