"""Measuring what people do in clips, and simulated gaits."""
