"""`benchmarks/sparse.py`: a run of its smallest layers, its file and its table."""

import json

from benchmarks import sparse


def test_measures_and_prints(tmp_path, capsys):
    out = tmp_path / "sparse.json"
    assert sparse.main(["--most", "90000", "--columns", "1", "3", "--seconds", "0", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    rows = json.loads(out.read_text())["products"]
    assert [(row["nnz"], row["columns"]) for row in rows] == [(86_400, 1), (86_400, 3)]
    assert rows[0]["nbytes"] == 4 * 8 * 8 * 12 * 16 * 8
    assert all(row[name][who] > 0 for row in rows for name in ("C x", "Cᵀ y") for who in ("jtconv", "scipy", "bcoo"))
    assert sparse.main(["--table", str(out)]) == 0
    assert capsys.readouterr().out == printed
