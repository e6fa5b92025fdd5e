"""Readers of files that a user brings: each trusts nothing that it reads."""
