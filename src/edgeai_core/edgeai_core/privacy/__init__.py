"""What is taken out of pictures before they are stored or leave a node."""
