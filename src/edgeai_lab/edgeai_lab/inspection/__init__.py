"""What a network is made of: its layers, their sizes and their cost."""
