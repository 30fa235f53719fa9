"""The small masked diffusion model: network, path, and what it is trained on."""
