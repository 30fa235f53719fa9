"""MaskStudio: the window and the command line."""
