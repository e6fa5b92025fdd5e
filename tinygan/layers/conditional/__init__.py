"""Layers for tuples, classes and sentences: what conditional networks are made of."""
