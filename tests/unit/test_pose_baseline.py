"""The baseline is Martinez et al.'s: it sees where joints are said to be, and nothing else."""

from __future__ import annotations

import torch
from maskengines.assets import assets_folder
from maskengines.pose.baseline import load_baseline
from maskengines.pose.network import BASELINE
from maskengines.pose.skeleton import COUNT


def candidates(seed: int) -> torch.Tensor:
    drawn = torch.rand(6, COUNT, 16, 3, generator=torch.Generator().manual_seed(seed))
    drawn[..., :2] = 2 * drawn[..., :2] - 1
    drawn[..., 2] = 0.05 + 0.9 * drawn[..., 2]
    return drawn


def test_it_knows_neither_how_sure_a_joint_is_nor_its_other_places() -> None:
    network, given = load_baseline(assets_folder() / BASELINE), candidates(1)
    told = network(given)
    assert told.shape == (6, COUNT - 1, 3)
    other = candidates(2)
    other[:, :, 0, :2] = given[:, :, 0, :2]
    assert torch.equal(network(other), told)
    moved = given.clone()
    moved[:, 13, 0, 0] += 0.1
    assert not torch.equal(network(moved), told)


def test_without_evidence_a_place_says_nothing() -> None:
    network, given = load_baseline(assets_folder() / BASELINE), candidates(1)
    given[:, 13, :, 2] = 0
    elsewhere = given.clone()
    elsewhere[:, 13, :, :2] = 0.7
    assert torch.equal(network(elsewhere), network(given))
