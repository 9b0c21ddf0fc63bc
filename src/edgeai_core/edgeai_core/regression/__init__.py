"""What a recording must show: expectations, what was seen, and how the two differ."""
