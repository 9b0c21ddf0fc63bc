"""Labelled pictures from cut-outs and backgrounds."""
