"""Benchmarks of tinygan: its speed beside PyTorch's, and the quality of its recipes.

README.md tells what each module measures, and how.
"""
