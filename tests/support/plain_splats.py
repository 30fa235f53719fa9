"""3D Gaussian splatting written out plainly in torch, one splat after the other over the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from maskengines.scene.rasteriser import Options
from maskengines.subjects.cameras import Camera


@dataclass
class Plain:
    colour: torch.Tensor
    alpha: torch.Tensor
    depth: torch.Tensor
    pulls: list[tuple[int, torch.Tensor, torch.Tensor]]


def basis(d: torch.Tensor) -> torch.Tensor:
    """(N, 16) real spherical harmonics up to degree 3."""
    x, y, z = d.unbind(1)
    xx, yy, zz = x * x, y * y, z * z
    return torch.stack(
        [
            torch.full_like(x, 0.28209479177387814),
            -0.4886025119029199 * y,
            0.4886025119029199 * z,
            -0.4886025119029199 * x,
            1.0925484305920792 * x * y,
            -1.0925484305920792 * y * z,
            0.31539156525252005 * (2 * zz - xx - yy),
            -1.0925484305920792 * x * z,
            0.5462742152960396 * (xx - yy),
            -0.5900435899266435 * y * (3 * xx - yy),
            2.890611442640554 * x * y * z,
            -0.4570457994644658 * y * (4 * zz - xx - yy),
            0.3731763325901154 * z * (2 * zz - 3 * xx - 3 * yy),
            -0.4570457994644658 * x * (4 * zz - xx - yy),
            1.445305721320277 * z * (xx - yy),
            -0.5900435899266435 * x * (xx - 3 * yy),
        ],
        1,
    )


def rotations_of(quaternions: torch.Tensor) -> torch.Tensor:
    w, x, y, z = (quaternions / quaternions.norm(dim=1, keepdim=True)).unbind(1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def plain_render(  # noqa: PLR0917 - the order of `rasterise`
    means: torch.Tensor,
    scales: torch.Tensor,
    rotations: torch.Tensor,
    opacities: torch.Tensor,
    harmonics: torch.Tensor,
    camera: Camera,
    background: Sequence[float],
    options: Options,
) -> Plain:
    """In the precision of ``means``."""
    kind = means.dtype
    view = torch.tensor(camera.world_to_camera, dtype=kind)
    points = means @ view[:3, :3].T + view[:3, 3]
    x, y, z = points.unbind(1)
    low_x, high_x = -camera.cx / camera.fx, (camera.width - camera.cx) / camera.fx
    low_y, high_y = -camera.cy / camera.fy, (camera.height - camera.cy) / camera.fy
    spare_x, spare_y = 0.15 * (high_x - low_x), 0.15 * (high_y - low_y)
    slope_x = (x / z).clamp(low_x - spare_x, high_x + spare_x)
    slope_y = (y / z).clamp(low_y - spare_y, high_y + spare_y)
    nought = torch.zeros_like(z)
    jacobian = torch.stack(
        [camera.fx / z, nought, -camera.fx * slope_x / z, nought, camera.fy / z, -camera.fy * slope_y / z], 1
    ).view(-1, 2, 3)
    half = jacobian @ view[:3, :3] @ rotations_of(rotations) @ torch.diag_embed(scales.exp())
    sharp = half @ half.transpose(1, 2)
    blurred = sharp + options.blur * torch.eye(2, dtype=kind)
    opacity = opacities.sigmoid()
    if options.mip:
        opacity = opacity * (torch.linalg.det(sharp) / torch.linalg.det(blurred)).sqrt()
    inverse = torch.linalg.inv(blurred)
    eye = torch.tensor(camera.position, dtype=kind)
    away = torch.nn.functional.normalize(means - eye, dim=1)
    shades = (0.5 + (basis(away)[:, : harmonics.shape[1], None] * harmonics).sum(1)).clamp(min=0)
    centres = torch.stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy], 1)
    rows, columns = torch.meshgrid(
        torch.arange(camera.height, dtype=kind) + 0.5, torch.arange(camera.width, dtype=kind) + 0.5,
        indexing="ij",
    )  # fmt: skip
    pixels = torch.stack([columns, rows], -1)
    through = torch.ones(camera.height, camera.width, dtype=kind)
    colour = torch.zeros(camera.height, camera.width, 3, dtype=kind)
    depth = torch.zeros(camera.height, camera.width, dtype=kind)
    pulls = []
    for i in z.argsort().tolist():
        if z[i] < camera.near:
            continue
        place = centres[i].expand_as(pixels)
        if place.requires_grad:
            place.retain_grad()
        offset = pixels - place
        power = 0.5 * torch.einsum("hwi,ij,hwj->hw", offset, inverse[i], offset)
        alpha = (opacity[i] * torch.exp(-power)).clamp(max=0.99)
        drawn = (opacity[i] * torch.exp(-power) >= 1 / 255) & (through >= 1e-4)
        alpha = torch.where(drawn, alpha, torch.zeros_like(alpha))
        weight = alpha * through
        colour = colour + weight[..., None] * shades[i]
        depth = depth + weight * z[i]
        through = through * (1 - alpha)
        pulls.append((i, place, weight))
    colour = colour + through[..., None] * torch.tensor(background, dtype=kind)
    return Plain(colour, 1 - through, depth / (1 - through).clamp(min=1e-6), pulls)
