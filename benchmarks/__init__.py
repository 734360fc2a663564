"""Speed and memory, measured: each module is one benchmark; results are kept in `results/` as JSON."""
