"""Calling an actor in batches."""

import ray


def call_in_batches(method, items: list, size: int, *fixed) -> list:
    """Calls an actor's method with each batch of so many items, the last one too, and answers in their sequence."""
    numbers = {}
    for number, first in enumerate(range(0, len(items), size), start=1):
        numbers[method.remote(*fixed, number, ray.put(items[first : first + size]))] = number
    answers = {}
    waiting = list(numbers)
    while waiting:
        done, waiting = ray.wait(waiting)
        for ref in done:
            answers[numbers[ref]] = ray.get(ref)
    return [answers[number] for number in sorted(answers)]
