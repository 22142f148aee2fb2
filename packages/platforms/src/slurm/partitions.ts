import { parseSlurmDuration } from '@lautta/core/accounting/slurm-time'
import { UnavailableError } from '@lautta/core/errors'
import type { Limits } from '@lautta/core/platform/limits'
import { type Partition, partitionSchema } from '@lautta/core/platform/partition'
import type { CommandOutput, RemoteCommand } from '../run-command.ts'
import { associationFields, lowestLimit, readAssociation } from './accounts.ts'
import { onOwnCluster } from './own-cluster.ts'

/*
 * Sections with a heading each. All partitions, also those hidden from the user: what is not in the list does not exist.
 * Nodes are told group by group of equal ones. Where there is no accounting, or it does not answer, the last two are empty.
 */
const script = `config=$(scontrol show config) || exit
of() { printf '%s\\n' "$config" | sed -n "s/^$1 *= *//p"; }
echo "= array"; of MaxArraySize
echo "= memory"; for name in DefMemPerCPU DefMemPerNode MaxMemPerCPU SelectTypeParameters; do echo "$name=$(of $name)"; done
echo "= partitions"; scontrol --all show partition --oneliner || exit
echo "= nodes"; timeout 5 sinfo --all --noheader --exact -o '%R|%X|%Y|%m|%G|%Z'
cluster=$(of ClusterName)
echo "= associations"
timeout 5 sacctmgr --noheader --parsable2 show assoc user="$(id -un)" \${cluster:+cluster="$cluster"} format=${associationFields} || exit 0
echo "= qualities"; timeout 5 sacctmgr --noheader --parsable2 show qos format=Name,MaxSubmitPU,GrpSubmitJobs,MaxJobsPU
exit 0
`

/** Asks for all partitions, and for what the user may have there. */
export const findLimits: RemoteCommand<Limits> = {
  argv: [...onOwnCluster, 'sh', '-c', script],
  slurmCommands: 5,
  timeoutSeconds: 40,
  outputLimitBytes: 4 * 1024 * 1024,
  parse({ stdout, stderr, exitCode }: CommandOutput): Limits {
    if (exitCode !== 0) throw new UnavailableError(stderr.trim() || `scontrol ended with ${exitCode}`)
    const sections = readSections(stdout)
    const [size = ''] = sections.get('array') ?? []
    const nodes = (sections.get('nodes') ?? []).map(readNodes)
    const memory = readFields((sections.get('memory') ?? []).join(' '))
    const qualities = new Map((sections.get('qualities') ?? []).map(readQuality))
    return {
      partitions: (sections.get('partitions') ?? []).map((line) => readPartition(line, { nodes, qualities, memory })),
      maxArraySize: readCount(size),
      associations: (sections.get('associations') ?? []).map(readAssociation)
    }
  }
}

function readSections(text: string): Map<string, string[]> {
  const parts = text.split(/^= (\w+)\n/m).slice(1)
  const headings = parts.filter((_part, at) => at % 2 === 0)
  return new Map(headings.map((heading, at) => [heading, (parts[2 * at + 1] ?? '').split('\n').filter((line) => line !== '')]))
}

interface NodeGroup {
  partition: string
  cores: number
  memoryBytes: number
  gpus: number
  threads: number
}

/** A line like `gpu|2|64|515000|gpu:a100:4(S:0-1),nvme:3500|2`. */
function readNodes(line: string): NodeGroup {
  const [partition = '', sockets, coresPerSocket, megabytes, resources = '', threads = '1'] = line.split('|')
  const gpus = [...resources.matchAll(/\bgpu(?::[^:,()]+)?:(\d+)/g)].map(([, count]) => Number(count))
  return {
    partition,
    cores: Number(sockets) * Number(coresPerSocket),
    memoryBytes: Number(megabytes) * 1024 ** 2,
    gpus: gpus.reduce((sum, count) => sum + count, 0),
    threads: Number(threads)
  }
}

interface Quality {
  mostSubmitted: number | null
  mostRunning: number | null
}

function readQuality(line: string): [name: string, quality: Quality] {
  const [name = '', maxSubmit = '', groupSubmit = '', maxJobs = ''] = line.split('|')
  return [name, { mostSubmitted: lowestLimit(maxSubmit, groupSubmit), mostRunning: lowestLimit(maxJobs) }]
}

/** A line like `PartitionName=small AllowAccounts=ALL Default=YES MaxTime=3-00:00:00 …`. */
function readPartition(
  line: string,
  { nodes, qualities, memory }: { nodes: readonly NodeGroup[]; qualities: ReadonlyMap<string, Quality>; memory: Fields }
): Partition {
  const fields = readFields(line)
  const of = (name: string): string => fields.get(name) ?? ''
  const name = of('PartitionName')
  const own = nodes.filter(({ partition }) => partition === name)
  const largest = (count: (group: NodeGroup) => number) => (own.length === 0 ? null : Math.max(...own.map(count)))
  // What stands at a partition holds for all its jobs.
  const quality = qualities.get(of('QoS'))
  const accounts = of('AllowAccounts')
  const memoryPerNode = largest(({ memoryBytes }) => memoryBytes)
  return partitionSchema.parse({
    name,
    state: of('State') || null,
    'is-default': of('Default') === 'YES',
    'time-limit-seconds': parseSlurmDuration(of('MaxTime')),
    'default-time-seconds': parseSlurmDuration(of('DefaultTime')),
    'min-nodes': readCount(of('MinNodes')),
    'max-nodes': readCount(of('MaxNodes')),
    nodes: readCount(of('TotalNodes')),
    'cores-per-node': largest(({ cores }) => cores),
    'whole-nodes': of('OverSubscribe') === 'EXCLUSIVE',
    'memory-per-node-bytes': memoryPerNode,
    'gpus-per-node': largest(({ gpus }) => gpus),
    'threads-per-core': largest(({ threads }) => threads),
    ...readMemory(fields, memory, memoryPerNode),
    'max-jobs-submitted': quality?.mostSubmitted ?? null,
    'max-jobs-running': quality?.mostRunning ?? null,
    accounts: accounts === 'ALL' || accounts === '' ? null : accounts.split(',')
  })
}

type Fields = ReadonlyMap<string, string>

function readFields(line: string): Fields {
  return new Map([...line.matchAll(/(?:^|\s)([^\s=]+)=(\S*)/g)].map(([, name = '', value = '']) => [name, value]))
}

/**
 * In megabytes. A partition that has no default of its own has that of the cluster; by core, or by node. Where there is none at
 * all, and memory is given out, who asks for none gets all that a node has.
 */
function readMemory(partition: Fields, cluster: Fields, memoryPerNode: number | null): Partial<Partition> {
  const bytes = (fields: Fields, name: string) => {
    const megabytes = readCount(fields.get(name) ?? '')
    return megabytes === null ? null : megabytes * 1024 ** 2
  }
  const isGivenOut = /MEMORY/i.test(cluster.get('SelectTypeParameters') ?? '')
  const own = [bytes(partition, 'DefMemPerCPU'), bytes(partition, 'DefMemPerNode')]
  const [perCore, perNode] = own.some((one) => one !== null)
    ? own
    : [bytes(cluster, 'DefMemPerCPU'), bytes(cluster, 'DefMemPerNode')]
  return {
    'memory-per-core-bytes': bytes(partition, 'MaxMemPerCPU') ?? bytes(cluster, 'MaxMemPerCPU'),
    'default-memory-per-core-bytes': perCore ?? null,
    'default-memory-per-node-bytes': perNode ?? (perCore == null && isGivenOut ? memoryPerNode : null)
  }
}

/** Null for UNLIMITED and the like. */
function readCount(text: string): number | null {
  return /^\d+$/.test(text.trim()) ? Number(text) : null
}
