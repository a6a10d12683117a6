"""Layers compiled for a device that is not there, and what can be read from the compiled programs.

A worker process for each device compiles; the text of the program that it gets is counted: convolutions, products,
multiplications, inserted zeros. `jtconv bench --compile-for` runs it. May import `bench` and all that it may import.
"""
