"""The web page: what the graph sees and knows, for people with an account."""
