"""Fills what deleting Gaussians laid bare: the hole, its picture, its depth, and Gaussians that show it."""
