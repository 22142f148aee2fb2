/**
 * The program that keeps one node of a cluster, in Python: it starts Ray, and ends it with all that came of it as soon as the
 * batch script is gone or SLURM says so. `ray stop` would not do: it ends the user's other clusters on the node, too.
 */
export const clusterKeeper = String.raw`"""keep.py FOLDER TEMP-FOLDER ray start ...: lives as long as its input, which the batch script holds open."""
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
`
