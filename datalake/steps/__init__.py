"""One video through a layer: what the tasks, the table of cases and the benchmarks all run.

A step is built once a chunk, from the settings and what the task holds open, and may run in many threads.
"""
