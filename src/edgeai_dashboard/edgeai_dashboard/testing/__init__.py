"""For tests: a graph of fixed answers and a browser; never imported by what runs."""
