"""The tasks that have a part's statistics summed up."""

import ray

from functions.batches import call_in_batches


@ray.remote
def collector(worker: int, actor: int, provider, batch_size: int, stats: list) -> list[dict]:
    """A summary of each batch of a part's statistics."""
    return call_in_batches(provider.join_stats, stats, batch_size, worker, actor)
