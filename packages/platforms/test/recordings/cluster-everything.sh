#!/bin/bash -l
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=10
#SBATCH --mem=90G
#SBATCH --gres=gpu:v100:2
#SBATCH --time=1-12:00:00
#SBATCH --partition=gpu
#SBATCH --account=project_2001234
#SBATCH --signal=B:USR1@120

# A Ray cluster: a head on the first node of the job, a worker on each other one. By hand:
#   RAY_AUTH_TOKEN=$(openssl rand -hex 32) sbatch <this file>

folder=$HOME/.lautta/ray/$SLURM_JOB_ID
# Of an earlier run of the same job, which SLURM has begun anew: nobody is to take it for this one's.
rm -f "$folder"/{cluster.json,ended,jobs.json,job-driver-*.log,head-ended,alive}
say() { echo "$(date +%T) $*"; }
give_up() { say "$*"; exit 1; }

source /appl/profile/zz-csc-env.sh
module use /appl/local/csc/modulefiles || give_up 'module use /appl/local/csc/modulefiles failed'
module load pytorch/2.6 || give_up 'module load pytorch/2.6 failed'
. "$HOME"/'ray venv'/bin/activate || give_up 'there is no venv in ~/ray venv'

[ -n "$RAY_AUTH_TOKEN" ] || give_up "RAY_AUTH_TOKEN is not set: without a token anyone on this machine could run code as you"
version=$(singularity_wrapper exec ray --version 2>&1) || give_up "there is no Ray here: $version"
[[ $version =~ ([0-9]+)\.([0-9]+) ]] || give_up "this is no version of Ray: $version"
if ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 2052)); then
  give_up "$version is too old: before 2.52 Ray knows no token, and anyone on this machine could run code as you"
fi
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0

umask 077
mkdir -p "$folder" && chmod 700 "$folder" || give_up "there is no room in $folder"
cat >"$folder/keep.py" <<'PYTHON'
"""keep.py FOLDER TEMP-FOLDER ray start ...: lives as long as its input, which the batch script holds open."""
import collections, ctypes, fcntl, glob, os, select, shutil, signal, socket, subprocess, sys, tempfile, time

folder, temp_folder, *command = sys.argv[1:]
endings = []
signal.signal(signal.SIGTERM, lambda *_: endings.append('SLURM'))
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
prctl = ctypes.CDLL(None).prctl
# Whatever loses its parent becomes a child of ours: so nothing of Ray gets away.
prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
# Of mode 0700. Ray opens its own folder to everybody, so that lies in it.
own = tempfile.mkdtemp(prefix='ray-', dir=temp_folder)
# By which the batch script finds it, should this program be killed; and by which others know that it lives.
mark = os.path.join(folder, os.path.basename(own))
open(mark, 'w').close()
lock = open(own + '/lock.new', 'w')
fcntl.flock(lock, fcntl.LOCK_EX)
os.rename(own + '/lock.new', own + '/lock')


def say(text):
    print(time.strftime('%H:%M:%S'), socket.gethostname() + ':', text, flush=True)


def sweep():
    """Removes what was left on the node by others of this user that were killed."""
    for path in glob.glob(temp_folder + '/ray-*/lock'):
        place = os.path.dirname(path)
        try:
            if os.lstat(place).st_uid != os.getuid():
                continue
            with open(path) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place)
        except OSError:
            continue


def clear():
    # A driver runs on the head, unless it asks for resources.
    for path in glob.glob(own + '/r/session_latest/logs/job-driver-*.log'):
        try:
            shutil.copyfile(path, os.path.join(folder, os.path.basename(path)))
        except OSError as error:
            say('the log of a Ray job could not be kept: %s' % error)
    shutil.rmtree(own, ignore_errors=True)


def descendants():
    children = collections.defaultdict(list)
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as file:
                state, parent = file.read().rpartition(')')[2].split()[:2]
        except OSError:
            continue
        if state not in 'ZX':
            children[int(parent)].append(int(path.split('/')[2]))
    found, todo = [], [os.getpid()]
    while todo:
        for child in children[todo.pop()]:
            found.append(child)
            todo.append(child)
    return found


def end_all():
    for _ in range(200):
        left = descendants()
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        time.sleep(0.05)
    say('these processes do not end: ' + str(left))


def has_failed():
    try:
        with open(folder + '/ended') as file:
            return file.read() == 'failed\n'
    except OSError:
        # The batch script was killed.
        return False


def tell_last_words():
    logs = own + '/r/session_latest/logs/'
    for path in [own + '/start.log', *(logs + name for name in ('gcs_server.out', 'raylet.out', 'dashboard.log'))]:
        try:
            with open(path, errors='replace') as file:
                # Those of Ray's own programs that begin with no time are its bookkeeping.
                lines = [line.rstrip() for line in file if 'state-dump' not in line]
        except OSError:
            continue
        print('the end of ' + os.path.basename(path) + ':', *lines[-12:], sep='\n    ', flush=True)


sweep()
with open(own + '/start.log', 'w') as log:
    ray = subprocess.Popen(
        [*command, '--log-color=false', '--temp-dir=' + own + '/r'],
        env={**os.environ, 'TMPDIR': own},
        preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
while ray.poll() is None and not endings:
    if select.select([0], [], [], 0.2)[0] and not os.read(0, 1):
        endings.append('the batch script')
if not endings:
    say('Ray has ended by itself, with ' + str(ray.returncode))
    tell_last_words()
elif endings[0] == 'SLURM':
    # All processes have been told, srun too, which has this one killed at any moment: first what nobody else would do.
    clear()
else:
    if has_failed():
        tell_last_words()
    ray.terminate()
    try:
        ray.wait(10)
    except subprocess.TimeoutExpired:
        pass
end_all()
clear()
if os.path.exists(mark):
    os.remove(mark)
sys.exit(0 if endings else 1)
PYTHON
cat >"$folder/watch.py" <<'PYTHON'
"""watch.py ports | taken PORT... | await-head | form | near | idle | stop: what the batch script wants to know of the head."""
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
PYTHON

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
# As the last node knows it: a node's own name may lead to itself only.
address=$(srun --nodes=1 --ntasks=1 -w "${nodes[-1]}" getent ahostsv4 "$head" | awk '{ print $1; exit }')
[ -n "$address" ] || give_up "the address of $head is not known"
export LAUTTA_RAY_FOLDER=$folder LAUTTA_HEAD=$address
export LAUTTA_IDLE_MINUTES=15 LAUTTA_STOP_SECONDS=120

watch=(singularity_wrapper exec python3 "$folder/watch.py")
keep=(singularity_wrapper exec python3 "$folder/keep.py" "$folder" /local_scratch ray start)
ray=(--block --num-cpus=10 --num-gpus=2 --memory=48318382080 --object-store-memory=28991029248
  # Free ones, whatever else runs on the node.
  --min-worker-port=0 --max-worker-port=0 --dashboard-agent-listen-port=0)
# Each node lives as long as its input is open: until this script closes it, or ends in whatever way.
mkfifo "$folder/alive" && exec 9<>"$folder/alive" || give_up "no pipe can be made in $folder"
start_head() { # on ports that are free now
  read -r gcs dashboard client serve autoscaler metrics < <("${watch[@]}" ports)
  export LAUTTA_GCS_PORT=$gcs LAUTTA_DASHBOARD_PORT=$dashboard LAUTTA_CLIENT_PORT=$client LAUTTA_SERVE_PORT=$serve
  export AUTOSCALER_METRIC_PORT=$autoscaler DASHBOARD_METRIC_PORT=$metrics
  rm -f "$folder/head-ended"
  {
    srun --overlap --export=ALL --cpus-per-task=10 --kill-on-bad-exit=0 --wait=0 --nodes=1 --ntasks=1 -w "$head" \
      "${keep[@]}" --head --node-ip-address="$address" --port="$gcs" --dashboard-host="$address" \
      --dashboard-port="$dashboard" --ray-client-server-port="$client" "${ray[@]}" <"$folder/alive"
    touch "$folder/head-ended"
  } 9>&- &
}

start_workers() {
  srun --overlap --export=ALL --cpus-per-task=10 --kill-on-bad-exit=0 --wait=0 --nodes=3 --ntasks=3 --exclude="$head" \
    "${keep[@]}" --address="$address:$LAUTTA_GCS_PORT" "${ray[@]}" <"$folder/alive" 9>&- &
}

ending= cause=
trap 'cause=time-limit ending="its time limit is near"' USR1
trap 'cause=stopped ending="it was told to"' USR2
# Then it has told the head as well.
trap 'cause=stopped ending="SLURM ends the job"; touch "$folder/head-ended"' TERM
ask() { # what watch.py answers; a signal to this script ends the waiting
  [ -z "$ending" ] || return
  "${watch[@]}" "$@" 9>&- &
  wait $! || { local code=$?; kill $! 2>/dev/null; return "$code"; }
}
finish() { # time-limit, idle, stopped or failed; and in words
  trap '' USR1 USR2 TERM
  say "the cluster ends: $2"
  # So that who reads how its Ray jobs ended knows why.
  echo "$1" >"$folder/ended"
  rm -f "$folder/cluster.json"
  [ -e "$folder/head-ended" ] || "${watch[@]}" stop 9>&-
  exec 9>&-
  wait
  left=("$folder"/ray-*)
  if [ -e "${left[0]}" ]; then
    # By a node whose step was killed, such as for its memory. Of a job that it ends SLURM begins no step: then here only.
    places=("${left[@]/#"$folder"//local_scratch}")
    srun --overlap --nodes=4 --ntasks=4 rm -rf "${places[@]}" 2>/dev/null || rm -rf "${places[@]}"
    rm -f "${left[@]}"
  fi
  rm -f "$folder"/{keep.py,watch.py,alive,head-ended}
  [ "$1" = failed ] && exit 1 || exit 0
}
for try in 1 2 3; do
  say "starting the head on $head ($address)"
  start_head
  ask await-head && break
  [ -z "$ending" ] || finish "$cause" "$ending"
  taken=$("${watch[@]}" taken "$gcs" "$dashboard" "$client" 9>&-)
  [ -e "$folder/head-ended" ] && [ -n "$taken" ] && [ "$try" != 3 ] || finish failed "its head did not start"
  say "another program has taken port $taken meanwhile: trying others"
done
say "starting 3 workers"
start_workers
ask form || { [ -z "$ending" ] && finish failed "not all nodes have joined" || finish "$cause" "$ending"; }
say "the cluster is ready. To run Ray jobs by hand, on a login node:"
say "  export RAY_API_SERVER_ADDRESS=http://$address:$dashboard RAY_AUTH_MODE=token RAY_AUTH_TOKEN=..."
say "  ray job submit -- python ..."
say "It ends after $LAUTTA_IDLE_MINUTES minutes without work; before: scancel --batch --signal=USR2 $SLURM_JOB_ID"
ask idle || { [ -z "$ending" ] && finish failed "its head has ended, or gives no answer" || finish "$cause" "$ending"; }
finish idle "there was no work for $LAUTTA_IDLE_MINUTES minutes"
