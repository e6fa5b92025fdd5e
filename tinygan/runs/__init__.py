"""A run: what a recipe asks for, the game in progress, its folder on the disk."""
