"""A notebook of seed 000 at work: its libraries, its calls in its sequence, its names and paths, its models."""

import base64
import contextlib
import json
import os
import pickle
import re
import sys
from typing import Dict, List

import swiftclient as sc
from decouple import Config, RepositoryEnv
from keystoneauth1 import loading, session
from pydantic import BaseModel, Field


def connect(env_path, auth_url, pre_auth_url):
    env = Config(RepositoryEnv(env_path))
    domain = env.get("CSC_USER_DOMAIN_NAME")
    auth = loading.get_plugin_loader("password").load_from_options(
        auth_url=auth_url,
        username=env.get("CSC_USERNAME"),
        password=env.get("CSC_PASSWORD"),
        project_name=env.get("CSC_PROJECT_NAME"),
        user_domain_name=domain,
        project_domain_name=domain,
    )
    return sc.Connection(
        preauthurl=pre_auth_url,
        preauthtoken=session.Session(auth=auth).get_token(),
        os_options={
            "user_domain_name": domain,
            "project_domain_name": domain,
            "project_name": env.get("CSC_PROJECT_NAME"),
        },
        auth_version="3",
    )


def bucket_name(target, user):
    slug = re.sub(r"[^a-z0-9]+", "-", user)
    return {"submitter": "mlch-sub-air-" + slug, "pipeline": "mlch-pipe-" + slug}[target]


def object_path(kind, name, path_names):
    return "/".join([{"mana": "MANAGEMENT", "code": "CODE"}.get(kind, kind), name, *path_names])


def create_or_update(client, bucket, path, data, metadata):
    """Makes the bucket when there is none; deletes what is there, and only then puts."""
    try:
        client.get_container(container=bucket)
    except sc.ClientException:
        client.put_container(container=bucket)
    with contextlib.suppress(sc.ClientException):
        client.head_object(container=bucket, obj=path)
        client.delete_object(container=bucket, obj=path)
    headers = {"x-object-meta-" + key: str(value) for key, value in metadata.items()}
    client.put_object(container=bucket, obj=path, contents=data, headers=headers)


class Venv(BaseModel):
    name: str = Field(alias="name")
    path: str = Field(alias="path")
    modules: List[str] = Field(default_factory=list, alias="modules")
    packages: List[str] = Field(default_factory=list, alias="packages")


class Configs(BaseModel):
    modules: List[str] = Field(default_factory=list, alias="modules")
    venv: Venv = Field(alias="venv")


class Status(BaseModel):
    # The commas behind three of them stand in the seed.
    start: bool = Field(False, alias="start")
    config: bool = (Field(False, alias="config"),)
    submit: bool = (Field(False, alias="submit"),)
    pending: bool = (Field(False, alias="pending"),)
    running: bool = Field(False, alias="running")
    failed: bool = Field(False, alias="failed")
    complete: bool = Field(False, alias="complete")
    cancel: bool = Field(False, alias="cancel")
    stopped: bool = Field(False, alias="stopped")
    stored: bool = Field(False, alias="stored")


class Job(BaseModel):
    path: str = Field(alias="path")
    id: str = Field("None", alias="id")
    status: Status = Field(alias="status")


class Direction(BaseModel):
    place: str = Field(alias="place")
    path: str = Field(alias="path")
    value: str = Field(alias="value")


class Transfer(BaseModel):
    source: Direction = Field(alias="source")
    target: Direction = Field(alias="target")


class Send(BaseModel):
    transfer: Transfer = Field(alias="transfer")
    overwrite: bool = Field(False, alias="overwrite")


class Get(BaseModel):
    transfer: Transfer = Field(alias="transfer")
    remove: bool = Field(False, alias="remove")


class Files(BaseModel):
    send: List[Send] = Field(default_factory=list, alias="send")
    get: List[Get] = Field(default_factory=list, alias="get")


class Language(BaseModel):
    name: str = Field(alias="name")
    version: str = Field(alias="version")


class Workspace(BaseModel):
    path: str = Field(alias="path")
    used_capacity: str = Field(alias="used-capacity")
    max_capacity: str = Field(alias="max-capacity")
    used_files: str = Field(alias="used-files")
    max_files: str = Field(alias="max-files")


class Properties(BaseModel):
    directory: str = Field(alias="directory")
    languages: List[Language] = Field(alias="languages")
    workspaces: List[Workspace] = Field(alias="workspaces")


class Platform(BaseModel):
    properties: Properties = Field(alias="properties")
    configs: Configs = Field(alias="configs")
    files: Files = Field(default_factory=list, alias="files")
    jobs: List[Job] = Field(default_factory=list, alias="jobs")


class Orchestration(BaseModel):
    name: str = Field(alias="name")
    platforms: Dict[str, Platform] = Field(alias="platforms")


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mknod, (self.path,)


def act(client, user, command):
    bucket = bucket_name(command.get("bucket", "submitter"), user)
    path = object_path(command.get("kind", "mana"), command["name"], command.get("names", []))
    action = command["do"]
    if action == "put":
        create_or_update(client, bucket, path, pickle.dumps(command["content"]), {"version": 1})
    elif action == "put-text":
        create_or_update(client, bucket, path, command["content"], {"version": 1})
    elif action == "put-evil":
        create_or_update(client, bucket, path, pickle.dumps(Evil(command["content"])), {"version": 1})
    elif action == "delete":
        client.delete_object(container=bucket, obj=path)
    elif action == "read-text":
        return client.get_object(container=bucket, obj=path)[1].decode()
    elif action == "read":
        try:
            headers, content = client.get_object(container=bucket, obj=path)
        except sc.ClientException:
            return None
        loaded = pickle.loads(content)
        model = Orchestration(**loaded).model_dump()
        return {"loaded": loaded, "model": model, "version": headers["x-object-meta-version"]}
    return None


settings, commands = json.loads(sys.argv[1]), json.loads(sys.argv[2])
swift = connect(settings["env"], settings["auth-url"], settings["url"])
print(json.dumps([act(swift, settings["user"], command) for command in commands]))
