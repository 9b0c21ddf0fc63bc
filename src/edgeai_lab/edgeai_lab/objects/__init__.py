"""The object detector: a COCO network that keeps what it knows and learns guns and wallets."""
