"""Benchmarks of tinygan, beside PyTorch where it is installed. See README.md."""
