"""Random masks by name: what is drawn when nobody paints.

Training asks for them by the million and the studio offers them as "generate mask". Needs only numpy and
Pillow, so that training runs where the rest of the studio is not installed.
"""

from maskengines.masks.samplers.disjoint import disjoint
from maskengines.masks.samplers.registry import SAMPLERS, MaskSampler, sampler

__all__ = ["SAMPLERS", "MaskSampler", "disjoint", "sampler"]
