"""serve.py CONFIGURATION: a Keystone on a free port of 127.0.0.1, in one process."""
import os
import sys

# Keystone takes its options from the environment; those on the command line would be parsed as its own.
os.environ['OS_KEYSTONE_CONFIG_FILES'] = sys.argv.pop()

from keystone.conf import CONF
from keystone.server.wsgi import initialize_public_application
from werkzeug.serving import make_server

server = make_server('127.0.0.1', 0, initialize_public_application(), threaded=True)
CONF.set_override('public_endpoint', f'http://127.0.0.1:{server.port}')
server.serve_forever()
