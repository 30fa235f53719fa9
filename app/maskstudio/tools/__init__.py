"""Pointer events in, mask edits out."""
