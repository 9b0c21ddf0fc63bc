"""The nodes that see and the one that decides what may run."""
