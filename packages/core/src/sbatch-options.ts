// Those of sbatch 22.05 to 24.11, by what may follow them.
const withValue = `account acctg-freq array batch bb bbf begin chdir cluster-constraint clusters comment constraint container
container-id core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency distribution error
exclude export export-file extra extra-node-info gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres
gres-flags hint input job-name kill-on-invalid-dep licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu
mincpus network nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node ntasks-per-socket ntasks-per-tres
open-mode output partition power prefer priority profile qos reservation segment signal sockets-per-node switches tasks-per-node
thread-spec threads-per-core time time-min tmp tres-bind tres-per-task uid wait-all-nodes wckey wrap`.split(/\s+/)
const withOrWithout = 'exclusive get-user-env nice no-kill oom-kill-step propagate'.split(' ')
const withoutValue = `contiguous help hold ignore-pbs no-requeue overcommit oversubscribe parsable quiet reboot requeue share
spread-job stepmgr test-only usage use-min-nodes verbose version wait`.split(/\s+/)
const kinds: ReadonlyMap<string, 'always' | 'perhaps' | 'never'> = new Map([
  ...withValue.map((name) => [name, 'always'] as const),
  ...withOrWithout.map((name) => [name, 'perhaps'] as const),
  ...withoutValue.map((name) => [name, 'never'] as const)
])

/** Options that are written by a letter. */
export const longNames: Readonly<Record<string, string>> = {
  ...{ A: 'account', a: 'array', B: 'extra-node-info', b: 'begin', C: 'constraint', c: 'cpus-per-task', D: 'chdir' },
  ...{ d: 'dependency', e: 'error', F: 'nodefile', G: 'gpus', H: 'hold', i: 'input', J: 'job-name', k: 'no-kill' },
  ...{ L: 'licenses', M: 'clusters', m: 'distribution', N: 'nodes', n: 'ntasks', O: 'overcommit', o: 'output' },
  ...{ p: 'partition', Q: 'quiet', q: 'qos', S: 'core-spec', s: 'oversubscribe', t: 'time', v: 'verbose', W: 'wait' },
  ...{ w: 'nodelist', x: 'exclude' }
}

/** The options that a name may mean: sbatch takes an abbreviation for the whole name, when it can mean one only. */
export function optionsMeantBy(name: string): string[] {
  return kinds.has(name) ? [name] : [...kinds.keys()].filter((one) => one.startsWith(name)).sort()
}

/**
 * Whether an option has a value: one that `always` has takes the next word, whatever that is; one that has it `perhaps`
 * only what is attached to it. Null: of an option of a site nobody here knows.
 */
export function hasValue(name: string): 'always' | 'perhaps' | 'never' | null {
  return kinds.get(name) ?? kinds.get(optionsMeantBy(name)[0] ?? '') ?? null
}
