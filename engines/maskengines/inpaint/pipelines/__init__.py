"""Inpainting by any pipeline of diffusers that is on this computer."""
