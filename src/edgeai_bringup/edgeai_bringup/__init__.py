"""The graph table and the ways to start it; no algorithms."""
