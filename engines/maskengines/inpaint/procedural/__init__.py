"""Procedural pictures: what the small inpainting model is trained on besides photos.

Edges, shadows, horizons, vanishing lines and repeating surfaces, drawn anew every time. Needs only numpy,
Pillow and OpenCV.
"""

from maskengines.inpaint.procedural.picture import KINDS, picture, picture_of

__all__ = ["KINDS", "picture", "picture_of"]
