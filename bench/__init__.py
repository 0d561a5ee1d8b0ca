"""Benchmarks: ``make bench`` measures every row of docs/benchmarks.md on this machine."""
