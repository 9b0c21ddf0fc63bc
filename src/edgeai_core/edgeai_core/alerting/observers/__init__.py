"""What the graph sees, turned into events; each says why, with the figures that decided.

All time is the stamp of what was seen, so a replayed recording gives the same events. Observers
are not thread-safe: one thread, or one lock, owns them.
"""
