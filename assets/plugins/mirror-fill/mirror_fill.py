"""Fills a hole with the mirrored image: instant, and right for faces, facades and butterflies."""

import cv2
import numpy as np
from maskengines.contract import Box, Candidate, ImagePatch

FLIPS = {"left-right": 1, "top-bottom": 0, "half turn": (0, 1)}


class MirrorFill:
    def prepare(self, context):
        """Nothing to load."""

    def sample(self, request, context):
        pixels, asked = request.subject.pixels, request.masks["pixels"] > 0
        # The rim: known pixels next to the hole, where a mirror image can be held against the truth.
        rim = (cv2.dilate(asked.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & ~asked
        misfits = {}
        for name, axis in FLIPS.items():
            context.checkpoint()
            known = rim & ~np.flip(asked, axis)
            difference = np.flip(pixels, axis)[known].astype(float) - pixels[known]
            misfits[name] = float(np.abs(difference).mean()) if known.any() else float("inf")
        ranked = sorted(FLIPS, key=lambda name: misfits[name])
        chosen = request.params.axis
        answers = ranked if chosen == "auto" else [chosen]

        box = Box.of_mask(request.masks["pixels"])
        for index in range(request.count):
            context.progress(index, request.count, "Mirroring")
            seed = request.candidate_seed(index)
            first = answers[seed % len(answers)]
            filled, missing = pixels.copy(), asked.copy()
            # What is hidden in one mirror may be seen in the next.
            for name in [first, *ranked]:
                seen = missing & ~np.flip(asked, FLIPS[name])
                filled[seen] = np.flip(pixels, FLIPS[name])[seen]
                missing &= ~seen
            metrics = {"misfit": round(misfits[first], 2)}
            yield Candidate(
                "image", ImagePatch(box.x, box.y, filled[box.slices]), seed, first, metrics=metrics
            )
