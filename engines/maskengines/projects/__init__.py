"""Project files, without Qt."""
