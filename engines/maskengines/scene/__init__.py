"""Scenes: photos with clutter in, clean 3D Gaussians out."""
