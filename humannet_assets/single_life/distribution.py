"""One process among several that train one model: its place, its device, and the little they tell each other.

torchrun describes the processes in the environment; without it there is one. Data parallelism is torch's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class Distribution:
    """This process: number `rank` of `world`, working on `device`."""

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """True for the process that writes files and reports."""
        return self.rank == 0

    def parallel(self, model: nn.Module) -> nn.Module:
        """The model, averaging its gradients over all processes in the backward pass."""
        if self.world == 1:
            return model
        devices = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(
            model, device_ids=devices, broadcast_buffers=False, gradient_as_bucket_view=True
        )

    def mean(self, value: Tensor) -> Tensor:
        """Mean over all processes."""
        if self.world == 1:
            return value
        value = value.clone()
        dist.all_reduce(value)
        return value / self.world

    def least(self, value: Tensor) -> Tensor:
        """Minimum over all processes."""
        if self.world > 1:
            value = value.clone()
            dist.all_reduce(value, op=dist.ReduceOp.MIN)
        return value

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            dist.barrier()

    @property
    def hardware(self) -> str:
        """Devices, for the record: "2 x NVIDIA H100" or "cpu"."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        return f"{self.world} x {name}" if self.world > 1 else name


@contextmanager
def distributed(device: str | None = None) -> Iterator[Distribution]:
    """This process's place while the block runs.

    Args:
        device: "cpu", "cuda" or "cuda:1"; None takes a GPU if there is one, its number from torchrun.
    """
    rank, world, local = (int(os.environ.get(name, default)) for name, default in _TORCHRUN)
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if chosen.type == "cuda":
        chosen = torch.device("cuda", local if chosen.index is None else chosen.index)
        torch.cuda.set_device(chosen)
    if world == 1:
        yield Distribution(0, 1, chosen)
        return
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Distribution(rank, world, chosen)
    finally:
        dist.destroy_process_group()


_TORCHRUN = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
"""What torchrun sets, and what holds without it."""


def bf16_supported(device: torch.device) -> bool:
    """True where bfloat16 is faster than float32: GPUs since Ampere, CPUs with AVX-512 BF16 or AMX."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
