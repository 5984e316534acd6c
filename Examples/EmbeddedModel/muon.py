"""Muon: momentum whose update of a weight matrix is made orthogonal by Newton-Schulz iterations.

Source: Keller Jordan, "Muon: an optimizer for hidden layers in neural networks" (2024).
"""

import torch
import torch.distributed as dist
from torch import Tensor


def orthogonal(m: Tensor, rounds: int = 5) -> Tensor:
    """The nearest semi-orthogonal matrix, roughly (singular values within about 0.7…1.2)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = m.bfloat16()
    if m.shape[0] > m.shape[1]:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if m.shape[0] > m.shape[1] else x).float()


class Muon:
    """For matrices inside the layers; embeddings and norms belong to AdamW.

    With several workers each makes its share of the updates, and the shares are summed.
    """

    def __init__(self, parameters: list[Tensor], momentum: float = 0.95, decay: float = 0.01):
        self.parameters, self.momentum, self.decay = parameters, momentum, decay
        self.buffers = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        workers, rank = (dist.get_world_size(), dist.get_rank()) if dist.is_initialized() else (1, 0)
        updates = []
        for index, (p, buffer) in enumerate(zip(self.parameters, self.buffers)):
            buffer.lerp_(p.grad, 1 - self.momentum)
            if index % workers == rank:
                update = orthogonal(p.grad.lerp(buffer, self.momentum))
                updates.append(update * max(1, p.shape[0] / p.shape[1]) ** 0.5)
            else:
                updates.append(torch.zeros_like(p))
        if workers > 1:
            flat = torch.cat([update.flatten() for update in updates])
            dist.all_reduce(flat)
            updates = [part.view_as(p) for part, p in zip(flat.split([p.numel() for p in self.parameters]), self.parameters)]
        for p, update in zip(self.parameters, updates):
            p.mul_(1 - rate * self.decay).sub_(update, alpha=rate)
