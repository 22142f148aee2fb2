"""
serve.py DIRECTORY: a Swift of one node, as DIRECTORY/<name>-server.conf has its four servers. They listen on free ports,
as DIRECTORY/servers.json then tells: {"pids": {"<name>": ...}, "ports": {"<name>": ...}}
"""
import ctypes
import json
import os
import signal
import sys

import eventlet
from swift.common import utils, wsgi
from swift.common.ring import RingBuilder

directory = sys.argv[1]
backends = ('account', 'container', 'object')


def main():
    # As each of the servers does; it takes long as soon as much is loaded.
    utils.eventlet_monkey_patch()
    # It would read /etc/swift/swift.conf, whatever the other files say.
    utils.set_swift_dir(directory)
    sockets = {name: eventlet.listen(('127.0.0.1', 0)) for name in (*backends, 'proxy')}
    ports = {name: socket.getsockname()[1] for name, socket in sockets.items()}
    for name in backends:
        make_ring(name, ports[name])
    import_once()
    pids = {name: fork(name, sockets) for name in sockets}
    # Else nobody would be refused by a server that is dead.
    for socket in sockets.values():
        socket.close()
    publish({'pids': pids, 'ports': ports})
    for _ in sockets:
        _, status = os.wait()
        if os.WIFEXITED(status):
            sys.exit('one of the servers has ended, but not by a signal')


def make_ring(name, port):
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    place = {'region': 1, 'zone': 1, 'device': 'd1', 'weight': 1, 'meta': ''}
    builder.add_dev({**place, 'ip': '127.0.0.1', 'port': port, 'replication_ip': '127.0.0.1', 'replication_port': port})
    builder.rebalance()
    builder.get_ring().save(f'{directory}/{name}.ring.gz')


def import_once():
    """Four processes on two cores would take much longer to do it each."""
    import keystonemiddleware.auth_token, swift.account.server, swift.container.server, swift.obj.server, swift.proxy.server


def fork(name, sockets):
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    end_with(parent)
    for other, socket in sockets.items():
        if other != name:
            socket.close()
    wsgi.get_socket = lambda conf: sockets[name]
    sys.exit(wsgi.run_wsgi(f'{directory}/{name}-server.conf', f'{name}-server', verbose=True))


def end_with(parent):
    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def publish(servers):
    with open(f'{directory}/servers.new', 'w') as file:
        json.dump(servers, file)
    os.rename(f'{directory}/servers.new', f'{directory}/servers.json')


main()
