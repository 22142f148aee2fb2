"""The actors that reckon."""

import ray

VALUES = ("seed", "name", "priority", "length")


@ray.remote
class Provider:
    """Keeps what is dear to load for all batches that it gets: here, numpy."""

    def __init__(self):
        import numpy

        self.numpy = numpy

    def reckon_items(self, worker: int, actor: int, batch: int, items: list) -> dict:
        """The mean and the variance of each value of a batch; those of names are of their letters, a being 1."""
        seeds, names, priorities, lengths = zip(*items)
        letters = [ord(letter) - ord("a") + 1 for name in names for letter in name.lower() if "a" <= letter <= "z"]
        columns = dict(zip(VALUES, (seeds, letters, priorities, lengths)))
        return {"worker": worker, "actor": actor, "batch": batch} | {
            value: {"mean": float(self.numpy.mean(column)), "variance": float(self.numpy.var(column))}
            for value, column in columns.items()
        }

    def join_stats(self, worker: int, actor: int, batch: int, stats: list) -> dict:
        """One summary of some batches: whose they are, and their means and variances in lists."""
        return {
            "id": f"{worker}-{actor}-{batch}",
            "workers": [one["worker"] for one in stats],
            "actors": [one["actor"] for one in stats],
            "batches": [one["batch"] for one in stats],
        } | {
            value: {measure: [one[value][measure] for one in stats] for measure in ("mean", "variance")} for value in VALUES
        }
