"""A parallel Ray job: items are made up, divided between tasks, reckoned by actors, summed up, and served for a while."""

import json
import sys
import time
from importlib.metadata import version

import ray

from actors.provider import Provider
from functions.division import divide_in_turns
from functions.generator import generate_items
from serve.requests import serve_output, stop_serving
from tasks.collector import collector
from tasks.preprocess import preprocess


def check_room(process_parameters: dict) -> None:
    """Refuses more actors than leave room for a task: such a job would wait for ever."""
    cpus = (process_parameters["actor-number"] + 1) * process_parameters.get("cpus-each", 1)
    there = ray.cluster_resources().get("CPU", 0)
    if cpus > there:
        raise ValueError(f"the actors and a task need {cpus} CPUs, and the cluster has {there}: lower actor-number or cpus-each")


def summarise(process_parameters: dict, data_parameters: dict) -> list[dict]:
    """Runs tasks and actors until every item is in a summary."""
    options = {"num_cpus": process_parameters.get("cpus-each", 1)}
    parts = divide_in_turns(generate_items(data_parameters), process_parameters["worker-number"])
    part_refs = [ray.put(part) for part in parts if part]
    actors = [Provider.options(**options).remote() for _ in range(process_parameters["actor-number"])]

    print(f"Preprocessing {len(part_refs)} parts with {len(actors)} actors")
    waiting = []
    for turn, part_ref in enumerate(part_refs):
        actor = turn % len(actors)
        waiting.append(
            preprocess.options(**options).remote(turn + 1, actor + 1, actors[actor], data_parameters["tuple-batch"], part_ref)
        )

    print("Collecting each part when it is done")
    collecting = []
    while waiting:
        done, waiting = ray.wait(waiting)
        for stats_ref in done:
            turn = len(collecting)
            actor = turn % len(actors)
            collecting.append(
                collector.options(**options).remote(turn + 1, actor + 1, actors[actor], data_parameters["stats-batch"], stats_ref)
            )

    summaries = []
    while collecting:
        done, collecting = ray.wait(collecting)
        for summaries_ref in done:
            summaries.extend(ray.get(summaries_ref))
    # Their CPUs are wanted for serving.
    for actor in actors:
        ray.kill(actor)
    return summaries


def main() -> None:
    parameters = json.loads(sys.argv[1])
    process_parameters = parameters["process-parameters"]
    for name in ("ray", "numpy"):
        print(f"{name} {version(name)}")
    print(f"Python {sys.version}")

    ray.init()
    check_room(process_parameters)
    summaries = summarise(process_parameters, parameters["data-parameters"])
    print(json.dumps({"output": summaries}))

    seconds = process_parameters.get("serve-seconds", 120)
    if seconds > 0:
        try:
            serve_output(ray.put(summaries), process_parameters)
            print(f"Serving for {seconds} seconds")
            time.sleep(seconds)
        finally:
            # Serve outlives its job, also one that is stopped.
            stop_serving()
    print("Done")


if __name__ == "__main__":
    main()
