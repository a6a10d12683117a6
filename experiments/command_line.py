"""The shared part of the experiments' command lines: a user's mistake is one line and an exit status."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from experiments.errors import Stopped, UserError

GOES_ON = "Interrupted: the same command goes on from the last checkpoint."
Hook = Callable[[Any], object]  # of sys.unraisablehook


def guarded(act: Callable[[], int | None], interrupted: str = GOES_ON) -> int:
    """Call `act`, and return the exit status.

    It is act's own or 0; 0 if the run was stopped in good order; 2 for a setting or file at fault; 130 for Ctrl-C,
    with `interrupted` printed.
    """
    # Orbax comments on its own options through absl, and asyncio on those of its writes that failed after the first.
    # Their errors that matter are raised as well.
    for name in ("absl", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return act() or 0
    except Stopped:
        return 0
    except (UserError, ValueError) as error:  # Tyro reports what it finds itself, and exits with 2
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of the pipe, such as `head`, has closed it
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130


def without_abandoned_reads(show: Hook) -> Hook:
    """`show`, but for what TensorStore's reads say that are still under way when a restore fails.

    They find their event loop closed, or are never gone on with; the failure itself has been raised.
    """

    def hook(unraisable: Any) -> None:
        error = unraisable.exc_value
        abandoned = error is not None and isinstance(error.__cause__, GeneratorExit)  # Orbax makes an error of it
        if not abandoned and "Event loop is closed" not in str(error):
            show(unraisable)

    return hook


def exit_with(main: Callable[[], int]) -> None:
    """Run `main` as the process."""
    # For good: those reads may come back after `main`, and so may writes that were not begun when one had failed.
    sys.unraisablehook = without_abandoned_reads(sys.unraisablehook)
    warnings.filterwarnings("ignore", "coroutine 'async_(de)?serialize.* was never awaited", RuntimeWarning)
    try:
        status = main()
    except BaseException:
        if not is_one_of_many():
            raise
        traceback.print_exc()
        status = 1
    if status and is_one_of_many():
        # At once: an orderly end would wait minutes for the others, and they for this process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def is_one_of_many() -> bool:
    """Whether there are other processes, which JAX knows."""
    jax = sys.modules.get("jax")
    return jax is not None and jax.distributed.is_initialized()
