"""`Surface`: one public function, and how it is called."""

from typing import NamedTuple

Arguments = dict[str, str]  # by name, as code


class Surface(NamedTuple):
    """A function, right arguments to choose from, and all others that it has."""

    name: str
    bases: tuple[Arguments, ...]
    others: tuple[str, ...] = ()
    weight: int = 4  # how often it is drawn
    code: str = "{name}({arguments})"  # of a call
    among: str = ""  # more names that a message may give; "*" is any

    @property
    def parameters(self) -> tuple[str, ...]:
        """All names, in one order."""
        return (*dict.fromkeys(name for base in self.bases for name in base), *self.others)
