import { quote, quoteAll } from '@lautta/core/quote'
import type { ClusterTemplate } from '@lautta/core/ray/cluster-template'
import { moduleCommand } from '../module-environment.ts'
import { clusterKeeper } from './cluster-keeper.ts'
import { clusterWatcher } from './cluster-watcher.ts'
import type { RemoteForward } from './remote-forward-settings.ts'
import { renderTunnel, type TunnelScript } from './tunnel-script.ts'

/** What the template leaves to the platform and to the order. */
export interface ClusterSite {
  /** Shell lines by which `module` works there. */
  preamble: readonly string[]
  /** The folder of the order's own venv; the template's goes before it. */
  venv: string | null
  /** Where the cluster brings its ports; null: it is reached through the login node. */
  remoteForward: RemoteForward | null
}

/** The batch script of a Ray cluster: it can be read, and submitted by hand. RAY_AUTH_TOKEN comes with its environment. */
export function renderClusterScript(template: ClusterTemplate, site: ClusterSite): string {
  const tunnel = renderTunnel(site.remoteForward)
  return `#!/bin/bash${template.modules.length > 0 ? ' -l' : ''}
${directives(template)}
# A Ray cluster: a head on the first node of the job, a worker on each other one. By hand:
#   RAY_AUTH_TOKEN=$(openssl rand -hex 32) sbatch <this file>

folder=$HOME/.lautta/ray/$SLURM_JOB_ID
# Of an earlier run of the same job, which SLURM has begun anew: nobody is to take it for this one's.
rm -f "$folder"/{cluster.json,ended,jobs.json,job-driver-*.log,head-ended,alive}
say() { echo "$(date +%T) $*"; }
give_up() { say "$*"; exit 1; }
${environment(template, site)}${checks(template)}
${programs}${tunnel.prepare}
${addresses(template)}
${steps(template)}
${course(template, tunnel)}`
}

function directives(template: ClusterTemplate): string {
  const { nodes, cpus, gpus, memory, time, partition, account } = template
  const type = template['gpu-type']
  const options = [
    `nodes=${nodes}`,
    'ntasks-per-node=1',
    `cpus-per-task=${cpus}`,
    `mem=${memory}`,
    ...(gpus === 0 ? [] : [`gres=gpu:${type === undefined ? '' : `${type}:`}${gpus}`]),
    `time=${time}`,
    ...(partition === undefined ? [] : [`partition=${partition}`]),
    ...(account === undefined ? [] : [`account=${account}`]),
    `signal=B:USR1@${template['stop-seconds']}`
  ]
  return options.map((option) => `#SBATCH --${option}\n`).join('')
}

function environment({ modules, venv: own }: ClusterTemplate, { preamble, venv: ofOrder }: ClusterSite): string {
  const venv = own ?? ofOrder
  const commands = modules.map((entry) => `module ${moduleCommand(entry)}`)
  const lines = [
    ...(modules.length === 0 ? [] : preamble),
    ...commands.map((command) => `${command} || give_up ${quote(`${command} failed`)}`),
    ...(venv === null ? [] : [`. ${inHome(venv)}/bin/activate || give_up ${quote(`there is no venv in ${venv}`)}`])
  ]
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

/** No shell fills in a ~ that is quoted. */
function inHome(path: string): string {
  if (path.startsWith('/')) return quote(path)
  return `"$HOME"/${quote(path.replace(/^~\//, ''))}`
}

// A wrapper stands before Python and before Ray; what Python starts is in its container, too.
const wrapped = (template: ClusterTemplate, program: string) => quoteAll([...template['container-wrapper'], program])

const checks = (template: ClusterTemplate) => `
[ -n "$RAY_AUTH_TOKEN" ] || give_up "RAY_AUTH_TOKEN is not set: without a token anyone on this machine could run code as you"
version=$(${wrapped(template, 'ray')} --version 2>&1) || give_up "there is no Ray here: $version"
[[ $version =~ ([0-9]+)\\.([0-9]+) ]] || give_up "this is no version of Ray: $version"
if ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 2052)); then
  give_up "$version is too old: before 2.52 Ray knows no token, and anyone on this machine could run code as you"
fi
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
`

const programs = `umask 077
mkdir -p "$folder" && chmod 700 "$folder" || give_up "there is no room in $folder"
cat >"$folder/keep.py" <<'PYTHON'
${clusterKeeper}PYTHON
cat >"$folder/watch.py" <<'PYTHON'
${clusterWatcher}PYTHON
`

const addresses = ({
  nodes,
  ...template
}: ClusterTemplate) => `mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=\${nodes[0]}
${
  nodes === 1
    ? `address=$(getent ahostsv4 "$head" | awk '{ print $1; exit }')
# A node's own name may lead to itself only.
case $address in ''|127.*) address=$(hostname --all-ip-addresses | cut -d ' ' -f 1) ;; esac`
    : `# As the last node knows it: a node's own name may lead to itself only.
address=$(srun --nodes=1 --ntasks=1 -w "\${nodes[-1]}" getent ahostsv4 "$head" | awk '{ print $1; exit }')`
}
[ -n "$address" ] || give_up "the address of $head is not known"
export LAUTTA_RAY_FOLDER=$folder LAUTTA_HEAD=$address
export LAUTTA_IDLE_MINUTES=${template['idle-minutes']} LAUTTA_STOP_SECONDS=${template['stop-seconds']}
`

function steps(template: ClusterTemplate): string {
  const { nodes, cpus, gpus } = template
  const python = wrapped(template, 'python3')
  const step = `srun --overlap --export=ALL --cpus-per-task=${cpus} --kill-on-bad-exit=0 --wait=0`
  const ray = `--block --num-cpus=${cpus} --num-gpus=${gpus}${memoryWords(template)}
  # Free ones, whatever else runs on the node.
  --min-worker-port=0 --max-worker-port=0 --dashboard-agent-listen-port=0`
  const workers = `
start_workers() {
  ${step} --nodes=${nodes - 1} --ntasks=${nodes - 1} --exclude="$head" \\
    "\${keep[@]}" --address="$address:$LAUTTA_GCS_PORT" "\${ray[@]}" <"$folder/alive" 9>&- &
}
`
  return `watch=(${python} "$folder/watch.py")
keep=(${python} "$folder/keep.py" "$folder" ${quote(template['temp-folder'])} ray start)
ray=(${ray})
# Each node lives as long as its input is open: until this script closes it, or ends in whatever way.
mkfifo "$folder/alive" && exec 9<>"$folder/alive" || give_up "no pipe can be made in $folder"
start_head() { # on ports that are free now
  read -r gcs dashboard client serve autoscaler metrics < <("\${watch[@]}" ports)
  export LAUTTA_GCS_PORT=$gcs LAUTTA_DASHBOARD_PORT=$dashboard LAUTTA_CLIENT_PORT=$client LAUTTA_SERVE_PORT=$serve
  export AUTOSCALER_METRIC_PORT=$autoscaler DASHBOARD_METRIC_PORT=$metrics
  rm -f "$folder/head-ended"
  {
    ${step} --nodes=1 --ntasks=1 -w "$head" \\
      "\${keep[@]}" --head --node-ip-address="$address" --port="$gcs" --dashboard-host="$address" \\
      --dashboard-port="$dashboard" --ray-client-server-port="$client" "\${ray[@]}" <"$folder/alive"
    touch "$folder/head-ended"
  } 9>&- &
}
${nodes === 1 ? '' : workers}`
}

const bytesOf = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Of SLURM's memory: Ray itself would take what the whole node has. None, when the job has all of it. */
function memoryWords({ memory }: ClusterTemplate): string {
  const [, number = '', unit = 'M'] = /^(\d+)([KMGT]?)$/.exec(memory) ?? []
  const memoryBytes = Number(number) * bytesOf[unit === '' ? 'M' : (unit as keyof typeof bytesOf)]
  if (memoryBytes === 0) return ''
  const share = (part: number) => Math.floor(memoryBytes * part)
  return ` --memory=${share(0.5)} --object-store-memory=${share(0.3)}`
}

const course = (template: ClusterTemplate, tunnel: TunnelScript) => `ending= cause=
trap 'cause=time-limit ending="its time limit is near"' USR1
trap 'cause=stopped ending="it was told to"' USR2
# Then it has told the head as well.
trap 'cause=stopped ending="SLURM ends the job"; touch "$folder/head-ended"' TERM
ask() { # what watch.py answers; a signal to this script ends the waiting
  [ -z "$ending" ] || return
  "\${watch[@]}" "$@" 9>&- &
  wait $! || { local code=$?; kill $! 2>/dev/null; return "$code"; }
}
finish() { # time-limit, idle, stopped or failed; and in words
  trap '' USR1 USR2 TERM
  say "the cluster ends: $2"
  # So that who reads how its Ray jobs ended knows why.
  echo "$1" >"$folder/ended"
${tunnel.close}  rm -f "$folder/cluster.json"
  [ -e "$folder/head-ended" ] || "\${watch[@]}" stop 9>&-
  exec 9>&-
  wait
  left=("$folder"/ray-*)
  if [ -e "\${left[0]}" ]; then
    # By a node whose step was killed, such as for its memory. Of a job that it ends SLURM begins no step: then here only.
    places=("\${left[@]/#"$folder"/${template['temp-folder'].replace(/\/+$/, '')}}")
    srun --overlap --nodes=${template.nodes} --ntasks=${template.nodes} rm -rf "\${places[@]}" 2>/dev/null || rm -rf "\${places[@]}"
    rm -f "\${left[@]}"
  fi
  rm -f "$folder"/{keep.py,watch.py,alive,head-ended}
  [ "$1" = failed ] && exit 1 || exit 0
}
for try in 1 2 3; do
  say "starting the head on $head ($address)"
  start_head
  ask await-head && break
  [ -z "$ending" ] || finish "$cause" "$ending"
  taken=$("\${watch[@]}" taken "$gcs" "$dashboard" "$client" 9>&-)
  [ -e "$folder/head-ended" ] && [ -n "$taken" ] && [ "$try" != 3 ] || finish failed "its head did not start"
  say "another program has taken port $taken meanwhile: trying others"
done
${
  template.nodes === 1
    ? ''
    : `say "starting ${template.nodes - 1} workers"
start_workers
`
}${tunnel.open}ask form || { [ -z "$ending" ] && finish failed "not all nodes have joined" || finish "$cause" "$ending"; }
say "the cluster is ready. To run Ray jobs by hand, on a login node:"
say "  export RAY_API_SERVER_ADDRESS=http://$address:$dashboard RAY_AUTH_MODE=token RAY_AUTH_TOKEN=..."
say "  ray job submit -- python ..."
say "It ends after $LAUTTA_IDLE_MINUTES minutes without work; before: scancel --batch --signal=USR2 $SLURM_JOB_ID"
ask idle || { [ -z "$ending" ] && finish failed "its head has ended, or gives no answer" || finish "$cause" "$ending"; }
finish idle "there was no work for $LAUTTA_IDLE_MINUTES minutes"
`
