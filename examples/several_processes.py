"""A segmentation net with a topological loss, trained by several processes with torch's own launcher.

    torchrun --standalone --nproc-per-node 2 examples/several_processes.py

Noisy rings are segmented; Betti matching asks for one component with one hole. Every process takes its share of each
batch, `DistributedDataParallel` averages gradients, and process 0 watches. On GPUs, process i uses GPU i.
"""

from __future__ import annotations

import argparse
import os

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.parallel import DistributedDataParallel

from topolens.losses import BettiMatchingLoss
from topolens.report import Watch


def rings(count: int, seed: int, side: int = 24) -> tuple[Tensor, Tensor]:
    """Noisy pictures of rings in random places, and their masks, both of shape (count, 1, side, side)."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.arange(side).float()
    row, column = (side * (0.4 + 0.2 * torch.rand(2, count, 1, 1, generator=generator))).unbind()
    radius = side * (0.2 + 0.1 * torch.rand(count, 1, 1, generator=generator))
    distance = ((places[:, None] - row) ** 2 + (places - column) ** 2).sqrt()
    masks = ((distance - radius).abs() < 1.5).float()[:, None]
    return masks + 0.5 * torch.randn(masks.shape, generator=generator), masks


def main() -> None:
    """Train, and say whether all processes hold the same weights."""
    parser = argparse.ArgumentParser(description="Run it with torchrun.")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=16, help="pictures of a step, over all processes")
    options = parser.parse_args()
    cuda = torch.cuda.is_available()
    device = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if cuda else "cpu")
    dist.init_process_group("nccl" if cuda else "gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 8, 5, padding=2), nn.ReLU(),
                        nn.Conv2d(8, 1, 1)).to(device)  # fmt: skip
    trained = DistributedDataParallel(net, device_ids=[device] if cuda else None)
    betti, optimizer = BettiMatchingLoss(), torch.optim.Adam(net.parameters(), lr=0.01)
    watch = Watch()
    for step in range(options.steps):
        images, masks = (part[rank::world].to(device) for part in rings(options.batch, seed=step))
        logits = trained(images)
        loss = binary_cross_entropy_with_logits(logits, masks) + 0.05 * betti(logits, masks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0 or step == options.steps - 1:
            mean = loss.detach().clone()
            dist.all_reduce(mean)
            if rank == 0:
                watch(step, net)
                print(f"step {step}: loss {mean.item() / world:.6f}", flush=True)
    weights = nn.utils.parameters_to_vector(net.parameters()).detach()
    others = [torch.empty_like(weights) for _ in range(world)]
    dist.all_gather(others, weights)
    if rank == 0:
        same = all(torch.equal(weights, other) for other in others)
        print(f"{world} processes hold {'the same' if same else 'different'} weights; {len(watch.history)} checks")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
