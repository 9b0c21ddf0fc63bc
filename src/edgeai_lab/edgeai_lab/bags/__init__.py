"""Scripted sequences of people and bags, to measure what is said about lone bags."""
