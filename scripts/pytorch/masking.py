"""Windows of token ids with gaps, drawn on the device that trains: packages/core/src/masking without spans and words."""

from dataclasses import dataclass

import torch

SPECIAL_TOKENS = 5
"""Ids below this are special in every vocabulary that Lacuna trains, and are never removed."""


@dataclass
class MaskedBatch:
    visible_ids: torch.Tensor  # (B, Tv)
    visible_positions: torch.Tensor  # (B, Tv), original positions in order
    gap_positions: torch.Tensor  # (B, G)
    labels: torch.Tensor  # (B * G), the removed tokens; -100 where there is nothing to compare with
    left: torch.Tensor  # (B, G): the nearest visible token to the left, among the row's Tv; -1 without one
    right: torch.Tensor  # (B, G)


def windows(ids, rows, length, generator):
    """`rows` windows of `length` ids, from anywhere in `ids`: (rows, length)."""
    starts = torch.randint(0, ids.numel() - length + 1, (rows, 1), device=ids.device, generator=generator)
    return ids[starts + torch.arange(length, device=ids.device)].long()


def mask(ids, gaps, generator):
    """Removes `gaps` tokens of every row of `ids` (B, T), special ones only where a row has too few others."""
    B, T = ids.shape
    order = torch.rand(B, T, device=ids.device, generator=generator)
    order = order + (ids < SPECIAL_TOKENS)
    removed = torch.zeros_like(ids, dtype=torch.bool).scatter_(1, order.argsort(1)[:, :gaps], True)
    return batch_with_gaps(ids, removed, gaps)


def batch_with_gaps(ids, removed, gaps):
    T = ids.shape[1]
    positions = removed.to(torch.uint8).sort(dim=1, stable=True).indices
    visible_positions, gap_positions = positions[:, : T - gaps], positions[:, T - gaps :]
    labels = ids.gather(1, gap_positions)
    labels = torch.where(labels < SPECIAL_TOKENS, -100, labels)
    before = (~removed).cumsum(1).gather(1, gap_positions)  # visible tokens to the left of a gap
    return MaskedBatch(
        visible_ids=ids.gather(1, visible_positions),
        visible_positions=visible_positions,
        gap_positions=gap_positions,
        labels=labels.flatten(),
        left=before - 1,
        right=torch.where(before < T - gaps, before, -1),
    )
