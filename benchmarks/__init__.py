"""Benchmarks: ours against named peers on the same input in the same run. Never imported by the package."""
