"""What a classifier really uses: parts of a photo are hidden, and its answers are watched."""
