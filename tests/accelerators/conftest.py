"""Workers for devices that are not there, one for each device and session."""

import dataclasses
from contextlib import ExitStack

import pytest

from jtconv.bench.ahead._process import Worker
from jtconv.bench.ahead._run import PROGRAM

MAX_SECONDS = 300.0  # to compile one program


@pytest.fixture(scope="session")
def compiled():
    """A function that compiles one part of a layer for a device, by one method; its figures."""
    with ExitStack() as stack:
        workers = {}

        def compiled(device, layer, part, method="auto", dtype="float32"):
            if device not in workers:
                workers[device] = stack.enter_context(Worker(device))
            fields = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}
            arguments = {"layer": fields, "part": part, "method": method, "dtype": dtype}
            return workers[device].ask(PROGRAM, arguments, MAX_SECONDS)

        yield compiled
