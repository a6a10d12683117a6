"""Every adapter of `jtconv.compat` against the framework itself, over thousands of layers.

    python -m tests.checks.agreement                                   # all peers, all configurations
    python -m tests.checks.agreement --peers torch keras --every 10
    python -m tests.checks.agreement --out benchmarks/results/agreement

One file per peer says which calls are made and how the peer makes them; the adapter makes the same
call. What both compute must agree within the rounding bound, gradients too, and what one refuses
the other must refuse, or `differences.py` says why not.
"""
