"""Classifiers of whole pictures, trained on folders of classes or on YOLO data."""
