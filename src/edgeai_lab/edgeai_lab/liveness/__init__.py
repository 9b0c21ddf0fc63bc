"""Simulated presentation attacks: rendered, trained against and measured with."""
