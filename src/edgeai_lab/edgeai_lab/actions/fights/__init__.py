"""Fights: clips, the networks that tell them, and which of these is best."""
