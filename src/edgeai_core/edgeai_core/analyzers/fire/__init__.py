"""Fire and smoke in single pictures."""
