"""Random and hostile arguments for every public function, and random and damaged files for everything that reads one.

    python -m tests.checks.fuzz arguments --cases 50000 --seed 0
    python -m tests.checks.fuzz files --cases 10000
    python -m tests.checks.fuzz arguments --seed 0 --only 1234      # one case again, with its traceback

A case is made from its seed and number alone. It must end in what the documentation promises: the
right numbers, or an error of this project's own that says which argument, or which file, is at
fault. Nothing else will do: no error from inside a library, no crash, no hang, no flood of memory.
The cases run in processes of their own, so that one that ends its process is known by its number.
"""
