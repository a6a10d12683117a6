"""The cases, in the order in which they run."""

from collections.abc import Callable

from tests.checks.faults import damage, disks, kills, patches, terminate, two
from tests.checks.faults.bench import Bench

CASES: dict[str, Callable[[Bench], str]] = {
    "kills": kills.killed_at_random,
    "one-of-two": two.one_of_two,
    "damage": damage.damaged_checkpoints,
    "full-disk": disks.full_disk,
    "file-size": disks.limited_file_size,
    "read-only": disks.read_only_folder,
    "clock": patches.clock_jumps,
    "loader": patches.loader_fails,
    "terminated": terminate.terminated,
}
