"""The tasks that send their part of the items to an actor."""

import ray

from functions.batches import call_in_batches


@ray.remote
def preprocess(worker: int, actor: int, provider, batch_size: int, items: list) -> list[dict]:
    """The statistics of each batch of a part."""
    return call_in_batches(provider.reckon_items, items, batch_size, worker, actor)
