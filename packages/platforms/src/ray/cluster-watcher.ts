/**
 * The program with which the batch script asks the head, in Python: over HTTP with the token, which is no argument of any
 * process. No site's proxy stands between the nodes of one job.
 */
export const clusterWatcher = `"""watch.py ports | taken PORT... | await-head | form | near | idle | stop: what the batch script wants to know of the head."""
import json, os, platform, random, socket, sys, time, urllib.error, urllib.parse, urllib.request
from datetime import datetime, timezone

# Of what the script exports, and of the exit code that says that the head has ended.
folder = os.environ['LAUTTA_RAY_FOLDER']
HEAD_ENDED = 3
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text):
    print(time.strftime('%H:%M:%S'), text, flush=True)


def ask(path, method='GET', seconds=20):
    url = 'http://%s:%s%s' % (os.environ['LAUTTA_HEAD'], os.environ['LAUTTA_DASHBOARD_PORT'], path)
    headers = {'Authorization': 'Bearer ' + os.environ['RAY_AUTH_TOKEN']}
    with opener.open(urllib.request.Request(url, method=method, headers=headers), timeout=seconds) as answer:
        return json.load(answer)


def write(name, content):
    path = os.path.join(folder, name)
    with os.fdopen(os.open(path + '.new', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
        json.dump(content, file, indent=2)
    os.replace(path + '.new', path)


def is_free(port):
    with socket.socket() as one:
        # Connections that have ended hold no port.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(('', port))
        except OSError:
            return False
    return True


def ports():
    # Below those that the kernel gives to connections, above those that Ray takes for workers and clients.
    candidates = (port for port in iter(lambda: random.randrange(24100, 32700), None) if is_free(port))
    chosen = set()
    while len(chosen) < 6:
        chosen.add(next(candidates))
    print(*chosen)


def taken(*numbers):
    print(*(number for number in numbers if not is_free(int(number))))


def until(look, seconds, late):
    end, last_words = time.monotonic() + seconds, ''
    while True:
        if os.path.exists(folder + '/head-ended'):
            sys.exit(HEAD_ENDED)
        try:
            found = look()
            if found:
                return found
        except (OSError, ValueError) as error:
            last_words = ' (%s)' % error
        if time.monotonic() > end:
            say(late + last_words)
            sys.exit(1)
        time.sleep(0.5)


def is_listening(port):
    try:
        socket.create_connection((os.environ['LAUTTA_HEAD'], port), 5).close()
        return True
    except OSError:
        return False


def await_head():
    until(lambda: ask('/api/version'), 300, 'the head gives no answer after 300 seconds')
    # Its last port: when another program has it, the head ends. A Ray that was installed without its client has none.
    client, end = int(os.environ['LAUTTA_CLIENT_PORT']), time.monotonic() + 20
    until(lambda: is_listening(client) or time.monotonic() > end, 40, 'the head gives no answer')


def list_nodes():
    listed = ask('/api/v0/nodes?limit=10000')['data']['result']['result']
    return {node['node_id']: node for node in listed}


def alive(nodes):
    return [node for node in nodes.values() if node['state'] == 'ALIVE']


def list_metrics():
    return [target.rpartition(':') for group in ask('/api/prometheus/sd') for target in group['targets']]


def brought():
    # By the tunnel to Lautta's machine, if there is one.
    try:
        with open(folder + '/near') as file:
            return {'near': dict(zip(('dashboard', 'client', 'serve'), map(int, file.read().split())))}
    except FileNotFoundError:
        return {}


def near():
    with open(folder + '/cluster.json') as file:
        cluster = json.load(file)
    write('cluster.json', {**cluster, **brought()})


def form():
    wanted = int(os.environ['SLURM_JOB_NUM_NODES'])
    until(lambda: len(alive(list_nodes())) >= wanted, 300, 'not all of %d nodes have joined after 300 seconds' % wanted)
    # Of each node, of the autoscaler and of the dashboard; Ray tells them some seconds later.
    end = time.monotonic() + 20
    until(lambda: len(list_metrics()) >= wanted + 2 or time.monotonic() > end, 40, 'the head does not tell its metrics')
    version = ask('/api/version')
    nodes = alive(list_nodes())
    names = ('dashboard', 'client', 'gcs', 'serve')
    write('cluster.json', {
        'schema': 1,
        'head-address': os.environ['LAUTTA_HEAD'],
        'ports': {name: int(os.environ['LAUTTA_%s_PORT' % name.upper()]) for name in names},
        'metrics': [{'address': address, 'port': int(port)} for address, _, port in list_metrics()],
        'ray-version': version['ray_version'],
        'python-version': platform.python_version(),
        'nodes': [{'address': node['node_ip'], 'is-head': node['is_head_node']} for node in nodes],
        'started-at': datetime.now(timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z'),
        'session': version['session_name'],
        # SLURM's count of the job's requeues.
        'restart': int(os.environ.get('SLURM_RESTART_COUNT', 0)),
        # Nobody but the user can read the file.
        'token': os.environ['RAY_AUTH_TOKEN'],
        **brought(),
    })
    say('%d nodes have joined' % len(nodes))


def list_jobs():
    jobs = ask('/api/jobs/')
    write('jobs.json', jobs)
    return jobs


def unfinished(jobs):
    return [job for job in jobs if job['status'] in ('PENDING', 'RUNNING')]


def is_busy(jobs):
    # A client, a notebook's driver: what the Jobs API does not list while it works.
    drivers = ask('/api/component_activities')['driver']['is_active']
    return unfinished(jobs) or drivers != 'INACTIVE' or list_applications()


def list_applications():
    try:
        return ask('/api/serve/applications/')['applications']
    except urllib.error.HTTPError as error:
        # So answers a Ray that was installed without Serve.
        if error.code in (404, 501):
            return {}
        raise


def idle():
    """Ends when nothing has been done for so long; of a head that does not answer nothing is known."""
    idle_seconds = 60 * float(os.environ['LAUTTA_IDLE_MINUTES'])
    busy_at, told, before = time.monotonic(), set(), None

    def look():
        nonlocal busy_at, before
        for node in list_nodes().values():
            if node['state'] == 'DEAD' and node['node_id'] not in told:
                told.add(node['node_id'])
                say('the node at %s is gone: %s' % (node['node_ip'], node.get('state_message') or 'Ray does not say why'))
        jobs = list_jobs()
        if is_busy(jobs) or jobs != before:
            busy_at, before = time.monotonic(), jobs
        return True

    while time.monotonic() - busy_at < idle_seconds:
        until(look, 300, 'the head gives no answer any more')
        time.sleep(min(5, idle_seconds / 4))


def stop():
    try:
        for job in unfinished(list_jobs()):
            if job['submission_id']:
                say('stopping the Ray job ' + job['submission_id'])
                ask('/api/jobs/%s/stop' % urllib.parse.quote(job['submission_id'], safe=''), 'POST', 5)
        end = time.monotonic() + float(os.environ['LAUTTA_STOP_SECONDS']) / 2
        while any(job['submission_id'] for job in unfinished(list_jobs())) and time.monotonic() < end:
            time.sleep(0.5)
    except OSError as error:
        say('the head does not stop its Ray jobs any more: %s' % error)


verb, *arguments = sys.argv[1:]
{'ports': ports, 'taken': taken, 'await-head': await_head, 'form': form, 'near': near, 'idle': idle, 'stop': stop}[verb](*arguments)
`
