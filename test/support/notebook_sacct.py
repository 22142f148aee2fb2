"""What the notebook of seed 000 does with accounting and its tables, as it does it: its names, its calls, its models."""

import re
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from typing import Optional

import pandas as pd
from notebook_storage import swift_get_object_content
from pydantic import BaseModel, Field


def set_formatted_user(user):
    return re.sub(r'[^a-z0-9]+', '-', user)


def set_bucket_name(bucket_target, bucket_prefix, bucket_user):
    bucket_names = {
        'forwarder': bucket_prefix + '-for-air',
        'submitter': bucket_prefix + '-sub-air-' + set_formatted_user(user=bucket_user),
        'pipeline': bucket_prefix + '-pipe-' + set_formatted_user(user=bucket_user),
        'experiment': bucket_prefix + '-exp-' + set_formatted_user(user=bucket_user),
    }
    return bucket_names[bucket_target]


def set_object_path(object_name, path_replacers, path_names):
    object_paths = {
        'root': 'name',
        'code': 'CODE/name',
        'data': 'DATA/name',
        'arti': 'ARTIFACTS/name',
        'mana': 'MANAGEMENT/name',
        'time': 'TIMES/name',
        'logs': 'LOGS/name',
    }
    path_split = object_paths[object_name].split('/')
    for i, name in enumerate(path_split):
        if name in path_replacers and len(path_replacers[name]) > 0:
            path_split[i] = path_replacers[name]
    path_split.extend(path_names)
    return '/'.join(path_split)


def object_storage_interaction(storage_client, parameters):
    """Its mode `get`."""
    bucket_name = set_bucket_name(parameters['bucket-target'], parameters['bucket-prefix'], parameters['bucket-user'])
    object_path = set_object_path(parameters['object-name'], parameters['path-replacers'], parameters['path-names'])
    temporary = swift_get_object_content(storage_client, bucket_name, object_path)
    return bucket_name, object_path, temporary['data'], temporary['custom-meta']


def pyarrow_deserialize_dataframe(serialized_dataframe):
    return pd.read_parquet(BytesIO(serialized_dataframe))


class Row(BaseModel):
    job_id: Optional[str] = Field(default='empty', alias='job-id')
    job_name: Optional[str] = Field(default='empty', alias='job-name')
    account: Optional[str] = Field(default='empty', alias='account')
    # So it is printed.
    parition: Optional[str] = Field(default='empty', alias='partition')
    req_cpus: Optional[int] = Field(default=0, alias='req-cpus')
    alloc_cpus: Optional[int] = Field(default=0, alias='alloc-cpus')
    req_nodes: Optional[int] = Field(default=0, alias='req-nodes')
    alloc_nodes: Optional[int] = Field(default=0, alias='alloc-nodes')
    state: Optional[str] = Field(default='empty', alias='state')
    ave_cpu: Optional[float] = Field(default=0, alias='ave-cpu-seconds')
    ave_cpu_freq: Optional[float] = Field(default=0, alias='ave-cpu-freq-khz')
    ave_disk_read: Optional[float] = Field(default=0, alias='ave-disk-read-bytes')
    ave_disk_write: Optional[float] = Field(default=0, alias='ave-disk-write-bytes')
    timelimit: Optional[float] = Field(default=0, alias='timelimit-seconds')
    submit: Optional[float] = Field(default=0, alias='submit-time')
    start: Optional[float] = Field(default=0, alias='start-time')
    elapsed: Optional[float] = Field(default=0, alias='elapsed-seconds')
    planned: Optional[float] = Field(default=0, alias='planned-seconds')
    end: Optional[float] = Field(default=0, alias='end-time')
    planned_cpu: Optional[float] = Field(default=0, alias='planned-cpu-seconds')
    cpu_time: Optional[float] = Field(default=0, alias='cpu-time-seconds')
    total_cpu: Optional[float] = Field(default=0, alias='total-cpu-seconds')


def unit_converter(value, bytes):
    units = {letter: 1024**power if bytes else 1000**power for power, letter in enumerate('KMGTP', start=1)}
    for index, character in enumerate(value):
        if character.isalpha():
            return int(float(value[:index]) * units[character])
    return value


def convert_into_seconds(given_time):
    days = hours = milliseconds = 0
    day_split = given_time.split('-')
    if '-' in given_time:
        days = int(day_split[0])
    millisecond_split = day_split[-1].split('.')
    if '.' in given_time:
        milliseconds = int(millisecond_split[1])
    parts = millisecond_split[0].split(':')
    if len(parts) == 3:
        hours = int(parts[0])
        minutes, seconds = int(parts[1]), int(parts[2])
    else:
        minutes, seconds = int(parts[0]), int(parts[1])
    return timedelta(
        days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds
    ).total_seconds()


def format_slurm_sacct(text):
    sacct_text = StringIO(text).readlines()
    columns = [s for s in sacct_text[0].split(' ')[:-1] if s != '']
    space_sizes = [len(space) for space in sacct_text[1].split(' ')[:-1]]
    values_dict = {}
    for number, row in enumerate(sacct_text[2:], start=1):
        start = 0
        values_dict[str(number)] = {}
        for column, size in zip(columns, space_sizes):
            formatted_value = [s for s in row[start : start + size].split(' ') if s != '']
            values_dict[str(number)][column] = formatted_value[0] if formatted_value else None
            start += size + 1
    return values_dict


def sacct_metric_formatting(metric):
    formatted_name = ''
    first = True
    for index, character in enumerate(metric):
        if character.isupper():
            if first:
                first = False
            elif index + 1 < len(metric) and (
                metric[index - 1].islower() or (metric[index - 1].isupper() and metric[index + 1].islower())
            ):
                formatted_name += '-'
        formatted_name += character
    return formatted_name


def parse_sacct_dict(sacct_data):
    metric_units = {
        'ave-cpu': 'seconds',
        'ave-cpu-freq': 'khz',
        'ave-disk-read': 'bytes',
        'ave-disk-write': 'bytes',
        'timelimit': 'seconds',
        'elapsed': 'seconds',
        'planned': 'seconds',
        'planned-cpu': 'seconds',
        'cpu-time': 'seconds',
        'total-cpu': 'seconds',
        'submit': 'time',
        'start': 'time',
        'end': 'time',
    }
    parsed = {}
    for key, key_value in sacct_data.items():
        name = sacct_metric_formatting(metric=key).lower()
        if name in metric_units:
            name += '-' + metric_units[name]
        if key_value is None or name == 'account':
            continue
        if name in ['job-name', 'job-id', 'partition', 'state']:
            parsed[name] = key_value.split('.')[0] if name == 'job-id' else key_value
        elif ':' in key_value and 'T' in key_value:
            parsed[name] = round(datetime.strptime(key_value, '%Y-%m-%dT%H:%M:%S').timestamp())
        elif ':' in key_value:
            parsed[name] = convert_into_seconds(given_time=key_value)
        else:
            # It asks the value, not the name of its column: so nothing is ever taken for bytes.
            parsed[name] = unit_converter(value=key_value, bytes='bytes' in key_value)
    return parsed


column_types = {
    'job-id': 'object',
    'job-name': 'object',
    'partition': 'object',
    'req-cpus': 'int64',
    'alloc-cpus': 'int64',
    'req-nodes': 'int64',
    'alloc-nodes': 'int64',
    'state': 'object',
    'ave-cpu-seconds': 'float64',
    'ave-disk-read-bytes': 'int64',
    'ave-disk-write-bytes': 'int64',
    'ave-pages': 'int64',
    'ave-rss': 'int64',
    'ave-vm-size': 'int64',
    'consumed-energy-raw': 'int64',
    'timelimit-seconds': 'float64',
    'submit-time': 'int64',
    'start-time': 'int64',
    'elapsed-seconds': 'float64',
    'planned-seconds': 'float64',
    'end-time': 'int64',
    'planned-cpu-seconds': 'float64',
    'cpu-time-seconds': 'float64',
    'total-cpu-seconds': 'float64',
}


def pandas_modify_dataframe(column_types, df):
    for name in df.columns:
        if df[name].isna().any():
            df[name] = df[name].fillna('null' if column_types[name] == 'object' else 0)
    return df.astype(column_types)
