"""What is fast but not obvious."""
