"""Judge whether a call ended as the documentation promises."""

import contextlib
import io
import re
from typing import Any

import jax
import numpy as np

from jtconv import cli
from tests.checks.fuzz.arguments.draw import Call, Command
from tests.checks.fuzz.arguments.layers import Refused
from tests.checks.fuzz.arguments.names import NAMES, value_of
from tests.checks.fuzz.arguments.numbers import Numbers, wide
from tests.checks.fuzz.arguments.spec import SPECS
from tests.checks.fuzz.outcome import Outcome, is_ours, undocumented

DOCUMENTED = (TypeError, ValueError)
FILES = ("jtconv.weights.", "jtconv.models.save")  # functions that may end with an OSError


def judge(case: Call | Command) -> Outcome:
    """Make the call, and hold how it ends against the specification."""
    if isinstance(case, Command):
        return judge_command(case)
    try:
        given = {name: value_of(code) for name, code in case.arguments.items()}
    except Exception as error:  # NumPy has no such array
        return Outcome("no case", f"{type(error).__name__}: {error}")
    try:
        promised = promise(case, given)
    except Refused:
        promised = Refused
    except Exception as error:
        return undocumented(error, "the specification itself failed")
    try:
        result = settled(eval(case.code, dict(NAMES)))
    except DOCUMENTED as error:
        return judge_refusal(case, error, promised)
    except Exception as error:
        if isinstance(error, OSError) and case.surface.name.startswith(FILES):
            return Outcome("refused")
        if asked_for(str(error)) >= 2**30:
            return Outcome("out of memory")
        return undocumented(error, "an error of another kind")
    return judge_result(result, promised)


def asked_for(message: str) -> int:
    """Number of bytes that could not be had, by JAX's own message."""
    found = re.search(r"allocating (\d+) bytes", message)
    if found:
        return int(found.group(1))
    found = re.search(r"Unable to allocate ([\d.]+) ([GTPE])iB", message)  # NumPy's, of an initialiser
    return 2**30 if found else 0


def promise(case: Call, given: dict[str, Any]) -> Any:
    """The result, or None where only its being one is asked for. Raises Refused."""
    function = SPECS.get(case.surface.name)
    return None if function is None else function(given)


def settled(result: Any) -> Any:
    """The result with its arrays computed."""
    jax.block_until_ready(result)  # JAX (0.10) aborts where NumPy asks for one that there is no memory for
    return jax.tree.map(lambda x: np.asarray(x) if isinstance(x, jax.Array) else x, result)


def judge_refusal(case: Call, error: Exception, promised: Any) -> Outcome:
    if not is_ours(error):
        return undocumented(error, "not raised by this project")
    if promised not in (None, Refused):
        return undocumented(error, "the layer is in order")
    names = {*case.surface.parameters, *case.surface.among.split()}
    quoted = {name for text in re.findall("`([^`]*)`", str(error)) for name in re.findall(r"\w+", text)}
    if not (quoted if case.surface.among == "*" else names & quoted) and not names_in_words(str(error)):
        return undocumented(error, "names no argument")
    return Outcome("refused")


IN_WORDS = ("operand of @", "`@` takes arrays", "the arrays must have dtypes", "must have fewer than 2**")


def names_in_words(message: str) -> bool:
    """The operands of `@` have no name, and a result's size follows from several arguments."""
    return any(words in message for words in IN_WORDS)


def judge_result(result: Any, promised: Any) -> Outcome:
    if promised is Refused:
        return Outcome("accepted", f"what is to be refused, with {str(result)[:200]}")
    if isinstance(promised, Numbers):
        return judge_numbers(np.asarray(result), promised)
    if promised is not None and result != promised:
        return Outcome("wrong", f"{result}, not {promised}")
    return Outcome("right")


def judge_numbers(result: np.ndarray, promised: Numbers) -> Outcome:
    if (result.shape, result.dtype) != (promised.shape, promised.dtype):
        return Outcome("wrong", f"{result.dtype}{result.shape}, not {promised.dtype}{promised.shape}")
    if promised.values is not None and not np.array_equal(result, promised.values.astype(promised.dtype)):
        error = np.abs(wide(result) - promised.values).max()
        return Outcome("wrong", f"numbers are off by up to {error}")
    return Outcome("right")


def judge_command(case: Command) -> Outcome:
    """Exit status 0, or 2 with a message."""
    said, complained = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            status = cli.main(case.words)
    except SystemExit as end:
        status = end.code
    except Exception as error:
        return undocumented(error, "an error out of the command line")
    message = complained.getvalue()
    if status == 0:
        return Outcome("right")
    if status != 2:
        return Outcome("wrong", f"exit status {status}")
    if not re.search(r"jtconv.*error: .*(`|--|argument|COMMAND|choice)", message):
        return Outcome("undocumented error", f"exit status 2 with {message[:300]!r}")
    return Outcome("refused")
