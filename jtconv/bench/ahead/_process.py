"""The worker process of a device, from outside: started when it is needed, ended when a program takes too long."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Self

from jtconv.bench.ahead._devices import device, environment

COMMAND = ("-m", "jtconv.bench.ahead._worker")
CHATTER = ("cuda_plugin_extension is not found.",)  # printed wherever there is no driver
START_SECONDS = 120.0  # to import JAX and load a compiler


class NotCompiled(Exception):
    """A program has no figures; the message says why, on one line."""


class Worker:
    """Compiles for the device of this name. A context manager: the process ends with it."""

    def __init__(self, name: str):
        self._name, self._device = name, device(name)
        self._folder = tempfile.TemporaryDirectory(prefix="jtconv-ahead-")
        self._dump, self._errors = (Path(self._folder.name, name) for name in ("dump", "errors.txt"))
        self._dump.mkdir()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._folder.cleanup()

    def ask(self, program: str, arguments: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The figures of a program, which `program` names as "module:function"."""
        process = self._process or self._start()
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended, as the answer will tell
            print(json.dumps({"program": program, "arguments": arguments}), file=process.stdin, flush=True)
        return self._answer(seconds, f"not compiled within {seconds:g} s")

    def _start(self) -> subprocess.Popen[str]:
        """Start the process. Its error output is kept for the reason it may die of, and not shown."""
        command = [sys.executable, *COMMAND, self._name, str(self._dump)]
        environ = {**os.environ, **environment(self._device, str(self._dump))}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(command, stderr=errors, env=environ, **pipes)
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(self._process.stdout, self._lines), daemon=True).start()
        try:
            self._answer(START_SECONDS, f"its compiler did not start within {START_SECONDS:.0f} s")
        except NotCompiled as error:
            self._end()
            raise ValueError(f"--compile-for {self._name}: {error}") from None
        return self._process

    def _answer(self, seconds: float, too_late: str) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self._end()
            raise NotCompiled(too_late) from None
        if line is None:
            why = self._last_words()
            self._end()
            raise NotCompiled(why)
        answer = json.loads(line)
        if "failed" in answer:
            raise NotCompiled(answer["failed"])
        return answer

    def _last_words(self) -> str:
        """The reason for the process to have ended, as far as it is known."""
        assert self._process is not None
        status = self._process.wait()
        lines = [line.strip() for line in self._errors.read_text(errors="replace").splitlines()]
        said = [line for line in lines if line and line not in CHATTER]
        return f"the compiler's process ended with status {status}: {said[-1][:200] if said else 'it said nothing'}"

    def _end(self) -> None:
        """End the process, if there is one; the next program starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
        self._process = None


def _read(pipe: Any, lines: "queue.Queue[str | None]") -> None:
    """Put each line into the queue, and None after the last."""
    try:
        for line in pipe:
            lines.put(line)
    except ValueError:  # closed while it was read
        pass
    lines.put(None)
