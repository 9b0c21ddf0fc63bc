"""Train, measure and export the fire model."""
