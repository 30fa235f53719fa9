"""Scenes drawn by a graphics card, where there is one."""
