"""What `python -m experiments.fcn` can do: one file each."""
