"""File formats of scenes: Gaussians, and photos with their cameras."""
