/**
 * A program that prints of a job what seff prints, from what the real sacct says of it, with a bill as a centre of CSC's
 * adds it: one CPU BU for each second of a core. seff itself is no part of Debian's SLURM.
 */
export const seffCommand = `#!/usr/bin/env python3
import subprocess, sys

fields = 'JobID,Cluster,User,State,AllocNodes,AllocCPUS,TotalCPU,ElapsedRaw,ReqMem,MaxRSS,NTasks,Account'
asked = ['sacct', '--noheader', '--parsable2', '--noconvert', '--jobs=' + sys.argv[1], '--format=' + fields]
rows = [line.split('|') for line in subprocess.run(asked, capture_output=True, text=True).stdout.splitlines()]
if not rows:
    print('Job not found.', file=sys.stderr)
    sys.exit(2)
id, cluster, user, state, nodes, cpus, used, elapsed, asked, _, _, account = rows[0]
days, _, clock = used.rpartition('-')
parts = [float(part) for part in clock.split(':')]
used = int(sum(part * 60 ** at for at, part in enumerate(reversed(parts)))) + 86400 * int(days or 0)
elapsed, cpus = int(elapsed), int(cpus)
memory = max([0] + [int(row[9]) * int(row[10]) for row in rows if row[9]]) / 2 ** 20
given = float(asked[:-1])

def duration(seconds):
    day = f'{seconds // 86400}-' if seconds >= 86400 else ''
    return f'{day}{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}'

print(f'Job ID: {id}\\nCluster: {cluster}\\nUser/Group: {user}/{user}\\nState: {state.split()[0]} (exit code 0)')
print(f'Nodes: {nodes}\\nCores per node: {cpus // int(nodes)}\\nCPU Utilized: {duration(used)}')
print(f'CPU Efficiency: {100 * used / (elapsed * cpus or 1):.2f}% of {duration(elapsed * cpus)} core-walltime')
print(f'Job Wall-clock time: {duration(elapsed)}\\nMemory Utilized: {memory:.2f} MB (estimated maximum)')
print(f'Memory Efficiency: {100 * memory / given:.2f}% of {given:.2f} MB ({given / cpus:.2f} MB/core)')
print(f'Job consumed {elapsed * cpus}.00 CSC billing units based on following used resources')
print(f'Billed project: {account}\\nCPU usage: {elapsed * cpus}.00 CPU BU')
`
