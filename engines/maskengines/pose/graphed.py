"""Steps of training, one by one or recorded once as a CUDA graph and replayed.

The networks are small: on a GPU their thousand kernels take longer to launch than to run, and a replayed
graph launches them all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from maskengines.pose.batches import Batch
from maskengines.pose.objective import Objective
from maskengines.pose.training import Training

Step = Callable[[Batch], Tensor]
"""Trains on a batch at the pace that is set and returns its loss, which the next step may overwrite."""

WARM_UP = 3


def plain(training: Training, objective: Objective) -> Step:
    """Steps that launch their kernels one by one."""

    def step(batch: Batch) -> Tensor:
        loss = objective(batch, training.generator)
        training.descend(loss)
        return loss.detach()

    return step


def graphed(training: Training, objective: Objective, like: Batch) -> Step:
    """Steps that replay one recorded on a CUDA device, for batches of the shapes of `like`.

    Raises:
        RuntimeError: this device or build of PyTorch cannot record it.
    """
    count = len(like.poses)
    batch = Batch(*(tensor.clone() for tensor in like.tensors))
    drawn = objective.drawn(count, training.generator)

    def once() -> Tensor:
        loss = objective.error(batch, drawn)
        training.descend(loss)
        return loss.detach()

    # Buffers of the optimiser and of the libraries must be there before recording; at the pace of nothing
    # that leaves the weights as they are.
    for group in training.optimiser.param_groups:
        group["lr"].zero_()
    training.fresh.zero_()
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            once()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = once()

    def step(given: Batch) -> Tensor:
        given_drawn = objective.drawn(count, training.generator)
        for kept, new in zip((*batch.tensors, *drawn), (*given.tensors, *given_drawn), strict=True):
            kept.copy_(new)
        graph.replay()
        return loss

    return step


@contextmanager
def quick_products(device: torch.device) -> Iterator[None]:
    """Matrix products on the tensor cores of a GPU (TF32), as they were afterwards. The simulation stays
    exact; the network learns around ten bits of rounding.
    """
    before = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
