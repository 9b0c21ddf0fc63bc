"""The workshop: measures what ships and trains what may ship; never imported by what runs."""
