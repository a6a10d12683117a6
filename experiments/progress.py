"""A progress bar with loss, rate, speed and the time left; plain lines where the output is no terminal.

The first of several processes shows it.
"""

import sys
import time
from typing import Self

import jax
from tqdm import tqdm

PLAIN_LINES = 20  # at most, so many steps apart
MAX_SILENCE = 15  # seconds


class Progress:
    """Shows how far training is."""

    def __init__(self, name: str, steps: int, first: int):
        self.name, self.steps = name, steps
        self.is_shown = jax.process_index() == 0
        self.is_terminal = self.is_shown and sys.stderr.isatty()
        self.apart = -(-steps // PLAIN_LINES)
        if steps > 10 * PLAIN_LINES:  # notes come every 10 steps
            self.apart = -(-self.apart // 10) * 10
        self.first, self.began, self.said = steps, 0.0, time.monotonic()  # the pace is known once compiled
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
        elif step % self.apart == 0 or step == self.steps:
            self.say(f"step {step}/{self.steps}: {text}{self.left(step)}")

    def compiling(self) -> None:
        """The first step begins, for which its program is compiled."""
        self.began = time.monotonic()
        self.say("compiling the training step …")

    def compiled(self, step: int) -> None:
        now = time.monotonic()
        self.say(f"compiled in {now - self.began:.0f} s")
        self.first, self.began = step, now

    def passed(self, step: int) -> None:
        """`step` steps have been taken: said where nothing was for long."""
        if not self.is_terminal and time.monotonic() - self.said > MAX_SILENCE:
            self.say(f"step {step}/{self.steps}{self.left(step)}")

    def left(self, step: int) -> str:
        """The time that the other steps will take, at the pace so far."""
        if step <= self.first or step >= self.steps:
            return ""
        seconds = round((time.monotonic() - self.began) / (step - self.first) * (self.steps - step))
        return f", about {seconds // 60}:{seconds % 60:02d} left"

    def say(self, text: str) -> None:
        """A line that stays above the bar."""
        self.said = time.monotonic()
        if self.is_terminal:
            self.bar.write(f"{self.name} {text}", file=sys.stderr)
        elif self.is_shown:
            print(self.name, text, file=sys.stderr, flush=True)
