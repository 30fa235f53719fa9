"""What shows a document."""
