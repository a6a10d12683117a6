"""Training while things go wrong: killed processes, full and read-only disks, damaged checkpoints, clocks, loaders.

    python -m tests.checks.faults                      # all cases, 100 kills
    python -m tests.checks.faults --kills 10 --cases kills damage

A tiny run on digits is trained once to its end. Each case then trains the same run while something
goes wrong, gives the same command again as often as it takes, and compares: parameters, checkpoint
and measurements must be those of the run that nothing happened to, to the bit.

The place for "one of several processes is killed" is a file beside `kills.py`, named in `registry.py`.
"""
