"""What is kept of an alert: a picture and a clip that begins before it."""
