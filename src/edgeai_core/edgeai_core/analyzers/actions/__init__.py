"""Movements of people over time: falls and gaits."""
