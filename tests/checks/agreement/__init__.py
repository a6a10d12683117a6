"""Every adapter of `jtconv.compat` against the framework itself, over thousands of layers.

    python -m tests.checks.agreement                                   # all peers, all configurations
    python -m tests.checks.agreement --peers torch keras --every 10
    python -m tests.checks.agreement --out benchmarks/results/agreement

One file per peer says which calls to draw and how the peer makes them; the adapter makes the same
call. What both compute must agree within the rounding bound, gradients too, and what one refuses
the other must refuse, or `differences.py` says why not. A new framework is one file and its name in
`registry.py`. With `--peers` only those rows of an earlier result are measured again.
"""
