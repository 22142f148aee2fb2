"""Serving the output by HTTP, by Ray Serve."""

import os

import ray
from ray import serve

NAME = "parallel-processing"


@serve.deployment(num_replicas=1)
class Output:
    """Answers with what an object of the cluster holds."""

    def __init__(self, output_ref: list):
        self.output_ref = output_ref

    async def __call__(self, _request) -> dict:
        return {"output": await self.output_ref[0]}


def serve_output(output_ref: ray.ObjectRef, process_parameters: dict) -> None:
    """Serves the output at /output."""
    # A cluster in a job of SLURM keeps a port free for it.
    port = process_parameters.get("serve-port", int(os.environ.get("LAUTTA_SERVE_PORT", "8350")))
    serve.start(http_options={"host": process_parameters.get("serve-host", "0.0.0.0"), "port": port})
    options = {"num_cpus": process_parameters.get("cpus-each", 1)}
    # In a list: Serve would put the value itself in the place of a bare reference.
    serve.run(Output.options(ray_actor_options=options).bind([output_ref]), name=NAME, route_prefix="/output")


def stop_serving() -> None:
    """Ends Serve, or only this job's part of it where there are others."""
    if set(serve.status().applications) <= {NAME}:
        # One message to the controller, which does the rest though we may be killed meanwhile: a stop gives us 3 s.
        serve.shutdown()
    else:
        serve.delete(NAME)
