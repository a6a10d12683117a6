"""Calls with random arguments, as code, and what the documentation promises of them."""
