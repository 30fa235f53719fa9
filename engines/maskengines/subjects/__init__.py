"""What can be edited: images now; poses and scenes follow the same protocol."""
