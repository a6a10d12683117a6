"""Disks that are full or cannot be written to: file systems of their own, mounted for one process tree only."""

import shutil
import subprocess
from pathlib import Path

from tests.checks.faults.bench import Bench
from tests.checks.faults.command import Ended
from tests.checks.faults.results import check_finished, check_one_line, newest


class Skipped(Exception):
    """This machine cannot make the fault."""


def mounting(script: str, *paths: Path) -> list[str]:
    """A command that runs `script`, in sh, where it may mount: $1, $2, … are `paths`."""
    private = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*private, "true"], capture_output=True).returncode:
        raise Skipped("mounting needs Linux, and user namespaces or root")
    return [*private, script, "sh", *map(str, paths)]


def quoted(words: list[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


def full_disk(bench: Bench) -> str:
    """Full at some point of the run: one line. With more space the same command goes on to the same bits."""
    sizes = (320, 1500, 2500)  # KiB: a checkpoint has 800, and two are kept
    reached = []
    for size in sizes:
        disk, out = bench.folder(f"disk-{size}"), bench.folder(f"full-{size}")
        disk.mkdir()
        run = quoted(bench.commands.words(disk / "run"))
        script = (
            f'mount -t tmpfs -o size={size}k tmpfs "$1" && {run}; echo $? > "$2.status"; '
            'ls "$1/run/checkpoints" > "$2.steps"; mount -o remount,size=64m "$1" && '
            f'echo AGAIN >&2; {run}; status=$?; cp -r "$1/run" "$2"; exit $status'
        )
        end = bench.commands.finished(mounting(script, disk, out))
        said, _, again = end.said.partition("AGAIN\n")
        check_one_line(Ended(int(out.with_suffix(".status").read_text()), said), "No space left on device")
        reached.append(steps_named(out.with_suffix(".steps")))
        check_finished(Ended(end.status, again), out, bench.reference)
    return f"{len(sizes)} disks, full after checkpoint {', '.join(map(str, reached))}"


def steps_named(file: Path) -> int:
    """The last step in a listing; 0 if there is none."""
    return max((int(name) for name in file.read_text().split() if name.isdecimal()), default=0)


def limited_file_size(bench: Bench) -> str:
    """No file may have more than so many bytes, as under a quota: one line, and the run goes on without the limit."""
    blocks = (1, 4, 16)
    for size in blocks:  # KiB
        folder = bench.folder(f"limited-{size}")
        words = ["bash", "-c", f'ulimit -f {size}; exec "$@"', "bash", *bench.commands.words(folder)]
        check_one_line(bench.commands.finished(words), str(folder), "File too large")
        check_finished(bench.commands.run(folder), folder, bench.reference)
    return f"{len(blocks)} limits"


def read_only_folder(bench: Bench) -> str:
    """New, and with checkpoints in it: one line, and nothing is changed."""
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec '
    empty = bench.folder("read-only")
    empty.mkdir()
    folders = (empty, bench.copy("read-only-run"))
    shutil.rmtree(folders[1] / "checkpoints" / str(newest(folders[1])))
    for folder in folders:
        there = sorted(folder.rglob("*"))
        end = bench.commands.finished(mounting(script + quoted(bench.commands.words(folder)), folder))
        check_one_line(end, str(folder))
        assert sorted(folder.rglob("*")) == there, "files came or went"
    check_finished(bench.commands.run(folders[1]), folders[1], bench.reference)
    return "an empty folder and one with a run"
