"""Dividing items between tasks."""


def divide_in_turns(items: list, number: int) -> list[list]:
    """Deals the items, sorted by their last two elements, to so many lists in turns."""
    dealt = sorted(items, key=lambda item: (item[-2], item[-1]))
    return [dealt[first::number] for first in range(number)]
