"""Teaching a person's own things: from a clip to a small head on the detector's trunk."""
