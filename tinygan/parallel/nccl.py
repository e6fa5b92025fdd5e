"""NCCL: sums over GPUs, each of which belongs to one process, past the host.

    mpirun -n 4 tinygan train RECIPE --backend cupy

Without NCCL a sum goes from each GPU to its host, over MPI, and back. With it the GPUs
of a machine add over NVLink or PCIe, and those of different machines over the network.
The host does not wait: the sum stands in the GPU's stream like any other kernel.
"""

from __future__ import annotations

import platform

KINDS = {"float32": "NCCL_FLOAT32", "float64": "NCCL_FLOAT64", "int64": "NCCL_INT64"}


def gpus(group, cupy) -> Gpus | None:
    """The GPUs of all ranks of the group; None unless NCCL is there for every rank, and
    no two ranks have one GPU. All ranks call this together.
    """
    nccl = cupy.cuda.nccl
    found = nccl.available
    version = nccl.get_version() if found else 0
    device = platform.node(), cupy.cuda.Device().id
    told = group.all_gather((version, device))
    versions = {version for version, _ in told}
    alone = len({device for _, device in told}) == len(told)
    if versions != {version} or not version or not alone:
        return None
    first, *_ = group.all_gather(nccl.get_unique_id() if group.rank == 0 else None)
    return Gpus(nccl, nccl.NcclCommunicator(group.size, first, group.rank), cupy)


class Gpus:
    """The GPUs of all ranks, joined by a communicator of NCCL."""

    def __init__(self, nccl, communicator, cupy):
        self.nccl, self.communicator, self.cupy = nccl, communicator, cupy

    def takes(self, value) -> bool:
        """True for an array on the GPU of a dtype that the sum is made in."""
        return isinstance(value, self.cupy.ndarray) and value.dtype.name in KINDS

    def sum(self, value):
        """The sum of an array over all ranks, of the same shape and dtype.

        NCCL adds each number once and sends it to all: every rank gets the same bits.
        """
        own = self.cupy.ascontiguousarray(value)
        total = self.cupy.empty_like(own)
        self.communicator.allReduce(
            own.data.ptr,
            total.data.ptr,
            own.size,
            getattr(self.nccl, KINDS[value.dtype.name]),
            self.nccl.NCCL_SUM,
            self.cupy.cuda.get_current_stream().ptr,
        )
        return total
