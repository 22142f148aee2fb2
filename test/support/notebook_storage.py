"""What the notebook of seed 000 does with its object storage, as it does it: tests run it against what Lautta does."""

import swiftclient as sc


def swift_setup_client(swift_parameters):
    return sc.Connection(
        preauthurl=swift_parameters['pre-auth-url'],
        preauthtoken=swift_parameters['pre-auth-token'],
        auth_version='3',
    )


def swift_set_encoded_metadata(metadata):
    encoded_metadata = {}
    for key, value in metadata.items():
        encoded_key = 'x-object-meta-' + key
        if isinstance(value, list):
            encoded_metadata[encoded_key] = 'list=' + ','.join(map(str, value))
            continue
        encoded_metadata[encoded_key] = str(value)
    return encoded_metadata


def swift_get_decoded_metadata(metadata):
    decoded_metadata = {}
    key_initial = 'x-object-meta'
    for key, value in metadata.items():
        if key_initial != key[: len(key_initial)]:
            continue
        decoded_key = key[len(key_initial) + 1 :]
        if 'list=' in value:
            values = value.split('=')[1].split(',')
            if len(values) == 1 and values[0] == '':
                decoded_metadata[decoded_key] = []
            else:
                try:
                    decoded_metadata[decoded_key] = list(map(int, values))
                except ValueError:
                    decoded_metadata[decoded_key] = list(map(str, values))
            continue
        if value.isnumeric():
            decoded_metadata[decoded_key] = int(value)
            continue
        decoded_metadata[decoded_key] = value
    return decoded_metadata


def swift_create_or_update_object(swift_client, bucket_name, object_path, object_data, object_metadata):
    bucket_info = {}
    try:
        bucket_info = dict(enumerate(swift_client.get_container(container=bucket_name)))
    except sc.ClientException:
        pass
    if len(bucket_info) == 0:
        swift_client.put_container(container=bucket_name)
    object_info = {}
    try:
        object_info = swift_client.head_object(container=bucket_name, obj=object_path)
    except sc.ClientException:
        pass
    if len(object_info) > 0:
        swift_client.delete_object(container=bucket_name, obj=object_path)
    swift_client.put_object(
        container=bucket_name,
        obj=object_path,
        contents=object_data,
        headers=swift_set_encoded_metadata(object_metadata),
    )


def swift_get_object_content(swift_client, bucket_name, object_path):
    headers, data = swift_client.get_object(container=bucket_name, obj=object_path)
    return {'data': data, 'custom-meta': swift_get_decoded_metadata(headers)}
