"""`Framework`: all that this library knows of one framework, as one object."""

from collections.abc import Callable
from dataclasses import dataclass

from jtconv._frameworks.call_syntax import Call
from jtconv._frameworks.kernel_layout import KernelLayout, Parameters
from jtconv._frameworks.layer import Layer
from jtconv._frameworks.signature import Signature


def as_written(call: Call) -> Call:
    """Return the call as it is."""
    return call


@dataclass(frozen=True)
class Framework:
    """One row of the table of frameworks.

    Attributes:
      name: as `explain --from` takes it and the list of equivalents has it.
      title: as its makers write it.
      before: code that stands before what `write` gives in a program of its own.
      write: gives the layer as a call to paste, or raises `NoEquivalent` with the reason.
      layout: how the kernel is stored in the layer that `write` gives.
      signatures: its layers and functions that are transposed convolutions; each knows how to read
        its arguments.
      parameters: how its layers' parameters are stored, for `weights.layer_from`.
      modules: dotted names, other than its own, of modules that are this framework's alone.
      family: a name under which several frameworks' signatures are read, "flax".
      can_be_empty: whether a layer is taken of whose contributions all are cropped.
      normal: brings a call into the form that `signatures` describe.
    """

    name: str
    title: str
    before: str
    write: Callable[[Layer], str]
    layout: KernelLayout
    signatures: tuple[Signature, ...]
    parameters: tuple[Parameters, ...] = ()
    modules: tuple[str, ...] = ()
    family: str = ""
    can_be_empty: bool = False
    normal: Callable[[Call], Call] = as_written
