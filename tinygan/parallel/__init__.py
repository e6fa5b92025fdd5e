"""Several processes share every batch, one process for each core."""
