"""Folders of labelled pictures: reading, measuring, splitting and auditing them."""
