"""Structure-from-motion: from photos alone to a scene folder with cameras and sparse points."""
