"""An editable install works from any folder, also beside a folder named jtconv, such as a clone of the repository."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("beside", [False, True], ids=["elsewhere", "beside a folder named jtconv"])
@pytest.mark.parametrize("program", ["import jtconv; jtconv.conv", "import experiments.fcn"])
def test_it_is_found_from_any_folder(tmp_path, program, beside):
    if beside:
        (tmp_path / "jtconv").mkdir()
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
