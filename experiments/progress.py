"""A progress bar with loss, rate, speed and the time left; plain lines where the output is no terminal.

The first of several processes shows it.
"""

import sys
from typing import Self

import jax
from tqdm import tqdm

PLAIN_LINES = 20


class Progress:
    """Shows how far training is."""

    def __init__(self, name: str, steps: int, first: int):
        self.name, self.steps = name, steps
        self.is_shown = jax.process_index() == 0
        self.is_terminal = self.is_shown and sys.stderr.isatty()
        self.printed = self.part(first)
        self.bar = tqdm(total=steps, initial=first, desc=name, unit="step", disable=not self.is_terminal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def note(self, step: int, loss: float, learning_rate: float, speed: float | None = None) -> None:
        """`step` steps have been taken, lately with `speed` pictures per second."""
        text = f"loss {loss:.4f}, rate {learning_rate:.1e}"
        if speed is not None:
            text += f", {speed:.3g} pictures/s" if speed < 1000 else f", {speed:.0f} pictures/s"
        if self.is_terminal:
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(step - self.bar.n)
        elif (part := self.part(step)) > self.printed:
            self.printed = part
            self.say(f"step {step}/{self.steps}: {text}")

    def part(self, step: int) -> int:
        """Number of plain lines due by `step`."""
        return step * PLAIN_LINES // self.steps

    def say(self, text: str) -> None:
        """A line that stays above the bar."""
        if self.is_terminal:
            self.bar.write(f"{self.name} {text}", file=sys.stderr)
        elif self.is_shown:
            print(self.name, text, file=sys.stderr, flush=True)
