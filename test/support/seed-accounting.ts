/*
 * The accounting of job 3470718, which seed 000 prints as its functions read it. The text that they read is not in the seed:
 * these are the fields as sacct must have printed them, in Finland's summer, so that they come to what is printed there.
 */
const fields = [
  ...['JobID', 'JobName', 'Account', 'Partition', 'ReqCPUS', 'AllocCPUS', 'ReqNodes', 'AllocNodes', 'State', 'AveCPU'],
  ...['AveCPUFreq', 'AveDiskRead', 'AveDiskWrite', 'Timelimit', 'Submit', 'Start', 'Elapsed', 'Planned', 'End', 'PlannedCPU'],
  ...['CPUTime', 'TotalCPU']
]
const widths = [12, 10, 10, 10, 8, 10, 8, 10, 10, 10, 10, 14, 14, 10, 19, 19, 10, 10, 19, 10, 10, 10]

const lines = [
  '3470718|ray-cluster|project_2000859|medium|2|512|2|2|CANCELLED by 10001234|||||00:20:00|18:17:48|18:17:49|00:01:40|00:00:01|18:19:29|00:00:02|14:13:20|00:18.362',
  '3470718.batch|batch|project_2000859||256|256|1|1|CANCELLED|00:00:02|665.33M|20.34M|0.08M||18:17:49|18:17:49|00:01:41||18:19:30||07:10:56|00:02.222',
  '3470718.extern|extern|project_2000859||512|512|2|2|COMPLETED|00:00:00|5.20G|0.01M|0.00M||18:17:49|18:17:49|00:01:40||18:19:29||14:13:20|00:00.002',
  '3470718.0|hostname|project_2000859||2|2|1|1|COMPLETED|00:00:00|2.60G|0.00M|0.00M||18:18:01|18:18:01|00:00:00||18:18:01||00:00:00|00:00.044',
  '3470718.1|singularity_wrapper|project_2000859||2|2|1|1|CANCELLED|00:00:11|327.53M|106.44M|0.56M||18:18:01|18:18:01|00:01:31||18:19:32||00:03:02|00:10.045',
  '3470718.2|singularity_wrapper|project_2000859||2|2|1|1|CANCELLED|00:00:06|88.32M|58.54M|0.15M||18:18:06|18:18:06|00:01:26||18:19:32||00:02:52|00:06.047'
]

/** What is printed in the seed, by the keys there and in their sequence. */
export const printedInSeed = {
  keys: [
    ...['job_id', 'job_name', 'account', 'parition', 'req_cpus', 'alloc_cpus', 'req_nodes', 'alloc_nodes', 'state', 'ave_cpu'],
    ...['ave_cpu_freq', 'ave_disk_read', 'ave_disk_write', 'timelimit', 'submit', 'start', 'elapsed', 'planned', 'end'],
    ...['planned_cpu', 'cpu_time', 'total_cpu']
  ],
  // biome-ignore format: a line each
  rows: [
    ['3470718', 'ray-clust+', 'empty', 'medium', 2, 512, 2, 2, 'CANCELLED+', 0, 0, 0, 0, 1200, 1716736668, 1716736669, 100, 1, 1716736769, 2, 51200, 18.362],
    ['3470718', 'batch', 'empty', 'empty', 256, 256, 1, 1, 'CANCELLED', 2, 665330000, 20340000, 80000, 0, 1716736669, 1716736669, 101, 0, 1716736770, 0, 25856, 2.222],
    ['3470718', 'extern', 'empty', 'empty', 512, 512, 2, 2, 'COMPLETED', 0, 5200000000, 10000, 0, 0, 1716736669, 1716736669, 100, 0, 1716736769, 0, 51200, 0.002],
    ['3470718', 'hostname', 'empty', 'empty', 2, 2, 1, 1, 'COMPLETED', 0, 2600000000, 0, 0, 0, 1716736681, 1716736681, 0, 0, 1716736681, 0, 0, 0.044],
    ['3470718', 'singulari+', 'empty', 'empty', 2, 2, 1, 1, 'CANCELLED', 11, 327530000, 106440000, 560000, 0, 1716736681, 1716736681, 91, 0, 1716736772, 0, 182, 10.045],
    ['3470718', 'singulari+', 'empty', 'empty', 2, 2, 1, 1, 'CANCELLED', 6, 88320000, 58540000, 150000, 0, 1716736686, 1716736686, 86, 0, 1716736772, 0, 172, 6.047]
  ] as (string | number)[][]
}

const times = ['Submit', 'Start', 'End']
const rows = lines.map((line) => {
  const values = line.split('|')
  return new Map(fields.map((field, at) => [field, times.includes(field) ? `2024-05-26T${values[at]}` : (values[at] ?? '')]))
})

/** As sacct prints it in columns: to the right, what is too long cut. */
export function seedColumns(): string {
  const fit = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}+` : text)
  // The first column goes to the left.
  const lay = (values: readonly string[]) =>
    values.map((value, at) => fit(value, widths[at] ?? 0)[at === 0 ? 'padEnd' : 'padStart'](widths[at] ?? 0)).join(' ')
  const all = [fields, widths.map((width) => '-'.repeat(width)), ...rows.map((row) => [...row.values()])]
  return all.map((values) => `${lay(values)} \n`).join('')
}

const seconds = (text: string): number => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)

/** As our command asks for it: times since 1970, whole numbers where there are any, frequencies that are not shortened. */
export function seedRows(): Record<string, string>[] {
  return rows.map((row) => {
    const of = (field: string): string => row.get(field) ?? ''
    const epoch = (field: string): string => String(Date.parse(`${of(field)}+03:00`) / 1000)
    const limit = of('Timelimit')
    return {
      ...Object.fromEntries(row),
      ...{ Submit: epoch('Submit'), Start: epoch('Start'), End: epoch('End') },
      ...{ ElapsedRaw: String(seconds(of('Elapsed'))), CPUTimeRAW: String(seconds(of('CPUTime'))) },
      TimelimitRaw: limit === '' ? '' : String(seconds(limit) / 60)
    }
  })
}
