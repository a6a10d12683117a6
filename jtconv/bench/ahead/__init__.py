"""What layers compile to for accelerators that are not there. May import `jtconv` and the rest of `bench`."""
