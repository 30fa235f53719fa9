"""Soft masks: storage, undoable edits, morphology."""
