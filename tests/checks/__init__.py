"""The long programs: fuzz, faults, agreement with the frameworks, images cut over devices.

Each runs as `python -m tests.checks.NAME`; `make test` runs a small sample of each.
"""
