"""Making up the items: names of files, with the priority of their kind and their length."""

import random
import string


def generate_items(data_parameters: dict) -> list[tuple[int, str, int, int]]:
    """Makes so many items `(seed, name, priority, length)`; the same parameters give the same ones."""
    items = []
    for seed in range(data_parameters["amount"]):
        chance = random.Random(seed)
        length = chance.choice(data_parameters["lengths"])
        kind = chance.choice(data_parameters["extensions"])
        stem = "".join(chance.choices(string.ascii_lowercase, k=length))
        items.append((seed, f"{stem}.{kind}", data_parameters["priority"][kind], length))
    return items
