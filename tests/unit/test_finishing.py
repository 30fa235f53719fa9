"""What an engine gives is taken for what it says it is: with a mask, with an empty one and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Candidate, EngineFault, EngineInfo, ImagePatch, Request
from maskengines.params import Params
from maskengines.runtime.local import run_here
from maskengines.subjects.image import ImageSubject

PHOTO = ImageSubject(np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8))
NOTHING = np.zeros((60, 80), np.uint8)
HOLE = NOTHING.copy()
HOLE[20:40, 30:50] = 255


class Gives:
    """An engine that gives one picture."""

    def __init__(self, make: Callable[[np.ndarray[Any, Any]], Any], needs_mask: bool) -> None:
        self.info = EngineInfo("tone", "Tone", "", "1", Params, "", needs_mask=needs_mask)
        self._make = make

    def prepare(self, context: Any) -> None:
        pass

    def sample(self, request: Request, context: Any) -> Iterator[Candidate]:
        yield Candidate("image", self._make(PHOTO.pixels), request.seed)


def ask(
    make: Callable[[np.ndarray[Any, Any]], Any],
    masks: dict[str, np.ndarray[Any, Any]],
    *,
    needs_mask: bool = False,
) -> ImagePatch:
    (answer,) = run_here(Gives(make, needs_mask), Request(PHOTO, masks, Params()))
    assert isinstance(answer.result, ImagePatch)
    return answer.result


@pytest.mark.parametrize("masks", [{}, {"pixels": NOTHING}])
@pytest.mark.parametrize("x", [0, 7])
def test_what_needs_no_mask_answers_about_the_whole_photo(masks: dict[str, Any], x: int) -> None:
    patch = ask(lambda pixels: ImagePatch(x, 0, pixels[:, x:] // 2), masks)
    assert np.array_equal(PHOTO.with_patch(patch).pixels[:, x:], PHOTO.pixels[:, x:] // 2)


def test_what_fills_holes_is_not_asked_where_there_is_none() -> None:
    def never(_: object) -> None:
        raise AssertionError("asked")

    patch = ask(never, {"pixels": NOTHING}, needs_mask=True)
    assert PHOTO.with_patch(patch) is PHOTO


def test_with_a_mask_only_what_is_masked_changes() -> None:
    patch = ask(lambda pixels: pixels // 2, {"pixels": HOLE})
    assert (patch.x, patch.y, patch.pixels.shape) == (30, 20, (20, 20, 3))


@pytest.mark.parametrize("masks", [{}, {"pixels": NOTHING}, {"pixels": HOLE}])
def test_an_array_of_another_size_than_the_photo_is_refused(masks: dict[str, Any]) -> None:
    with pytest.raises(EngineFault, match=r"Tone gave a picture of 50 x 45.*photo has 80 x 60"):
        ask(lambda pixels: pixels[:45, :50], masks)


@pytest.mark.parametrize("masks", [{}, {"pixels": NOTHING}])
@pytest.mark.parametrize("place", [(70, 0), (-1, 0), (0, 55)])
def test_a_picture_that_sticks_out_is_refused(masks: dict[str, Any], place: tuple[int, int]) -> None:
    with pytest.raises(EngineFault, match=r"Tone gave a picture of 20 x 20 at .*inside the photo of 80 x 60"):
        ask(lambda pixels: ImagePatch(*place, pixels[:20, :20]), masks)
