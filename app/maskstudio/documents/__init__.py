"""A document: subject, masks, candidates and undo; autosave and recovery."""
