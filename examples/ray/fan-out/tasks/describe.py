"""The work on one item."""

import socket
from statistics import fmean, pvariance

import ray


@ray.remote
def describe(item: list) -> dict:
    """How many letters the texts of an item have, their mean and variance, a being 1; and the node that reckoned it."""
    texts = "".join(part for part in item if isinstance(part, str)).lower()
    letters = [ord(letter) - ord("a") + 1 for letter in texts if "a" <= letter <= "z"]
    return {
        "letters": len(letters),
        "mean": fmean(letters) if letters else 0.0,
        "variance": pvariance(letters) if letters else 0.0,
        "node": socket.gethostname(),
    }
