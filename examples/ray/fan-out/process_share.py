"""One cluster's share of a fan-out: each item is worked on by a task, and the results go to a URL."""

import json
import sys

import ray

from functions.upload import put_json
from tasks.describe import describe


def key_of(item: list) -> str:
    """By what a result is found: its item as JSON, without blanks."""
    return json.dumps(item, separators=(",", ":"), ensure_ascii=False)


def main() -> None:
    parameters = json.loads(sys.argv[1])
    items = parameters["items"]
    ray.init()
    keys = {describe.remote(item): key_of(item) for item in items}
    results = {}
    waiting = list(keys)
    while waiting:
        done, waiting = ray.wait(waiting)
        for ref in done:
            results[keys[ref]] = ray.get(ref)
    put_json(parameters["output"]["url"], results)
    print(f"{len(items)} items done")


if __name__ == "__main__":
    main()
