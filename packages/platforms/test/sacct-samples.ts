import { parseSlurmDuration } from '@lautta/core/accounting/slurm-time'
import type { SlurmRelease } from '../../../test/servers/slurm-sandbox.ts'

const fields = (planned: string, plannedCpu: string): string[] =>
  `JobID|JobName|Account|Partition|ReqCPUS|AllocCPUS|ReqNodes|AllocNodes|State|AveCPU|AveCPUFreq|AveDiskRead|AveDiskWrite|Timelimit|Submit|Start|Elapsed|${planned}|End|${plannedCpu}|CPUTime|TotalCPU`.split(
    '|'
  )

/** What real SLURMs printed with --parsable2: jobs and steps that ended in every way, one that waits, tasks of an array. */
const printed: Readonly<Record<SlurmRelease, { fields: string[]; lines: string[] }>> = {
  '22.05': {
    fields: fields('Reserved', 'ResvCPU'),
    lines: [
      '2|success|project_2001234|small|1|1|1|1|COMPLETED|||||00:05:00|2026-11-20T11:48:02|2026-11-20T11:48:02|00:00:07|00:00:00|2026-11-20T11:48:09|00:00:00|00:00:07|00:03.797',
      '2.batch|batch|project_2001234||1|1|1|1|COMPLETED|00:00:00|2.60M|0.06M|0.00M||2026-11-20T11:48:02|2026-11-20T11:48:02|00:00:07||2026-11-20T11:48:09||00:00:07|00:00.016',
      '2.1|python3|project_2001234||1|1|1|1|COMPLETED|00:00:03|2.22M|0.04M|0.00M||2026-11-20T11:48:03|2026-11-20T11:48:03|00:00:06||2026-11-20T11:48:09||00:00:06|00:03.624',
      '5|cancelme|project_2001234|small|1|1|1|1|CANCELLED by 1001|||||00:05:00|2026-11-20T11:48:03|2026-11-20T11:48:04|00:00:16|00:00:01|2026-11-20T11:48:20|00:00:01|00:00:16|00:00.002',
      '6.0|python3|project_2001234||1|1|1|1|CANCELLED by 0|00:00:00|0|0.04M|0.00M||2026-11-20T11:48:04|2026-11-20T11:48:04|00:00:01||2026-11-20T11:48:05||00:00:01|00:00.159',
      '7.0|sleep|project_2001234||1|1|1|1|CANCELLED||0||||2026-11-20T11:48:04|2026-11-20T11:48:04|00:00:45||2026-11-20T11:48:49||00:00:45|00:00:00',
      '8|big1|project_2001234|medium|2|2|2|0|PENDING|||||00:05:00|2026-11-20T11:48:04|Unknown|00:00:00|INVALID|Unknown|INVALID|00:00:00|00:00:00',
      '29_[1-100%2]|arr|project_2001234|small|1|1|1|0|CANCELLED by 1001|||||UNLIMITED|2026-11-20T11:52:04|None|00:00:00|INVALID|2026-11-20T11:52:44|INVALID|00:00:00|00:00:00',
      '20_7|arr|project_2001234|small|1|1|1|1|FAILED|||||Partition_Limit|2026-11-20T11:50:04|2026-11-20T11:50:05|00:00:06|00:00:01|2026-11-20T11:50:11|00:00:01|00:00:06|00:00.010',
      '20_7.batch|batch|project_2001234||1|1|1|1|FAILED||0||||2026-11-20T11:50:05|2026-11-20T11:50:05|00:00:06||2026-11-20T11:50:11||00:00:06|00:00.010'
    ]
  },
  '24.11': {
    fields: fields('Planned', 'PlannedCPU'),
    lines: [
      '604|success|project_2001234|small|1|1|1|1|COMPLETED|||||00:05:00|2026-11-20T11:59:01|2026-11-20T11:59:02|00:00:06|00:00:01|2026-11-20T11:59:08|00:00:01|00:00:06|00:05.943',
      '604.1|python3|project_2001234||1|1|1|1|COMPLETED|00:00:05|2.20M|0.03M|0.00M||2026-11-20T11:59:02|2026-11-20T11:59:02|00:00:06||2026-11-20T11:59:08||00:00:06|00:05.906',
      '606|timeout|project_2001234|test|1|1|1|1|TIMEOUT|||||00:01:00|2026-11-20T11:59:01|2026-11-20T11:59:02|00:01:19|00:00:01|2026-11-20T12:00:21|00:00:01|00:01:19|00:00.002',
      '607|cancelme|project_2001234|small|1|1|1|1|CANCELLED by 20001|||||00:05:00|2026-11-20T11:59:01|2026-11-20T11:59:02|00:00:09|00:00:01|2026-11-20T11:59:11|00:00:01|00:00:09|00:00.003',
      '610|big1|project_2001234|medium|2|0|2|0|PENDING|||||00:05:00|2026-11-20T11:59:02|Unknown|00:00:00|INVALID|Unknown|INVALID|00:00:00|00:00:00',
      '611|pendres|project_2001234|medium|2|8|2|2|COMPLETED|||||00:05:00|2026-11-20T11:59:02|2026-11-20T12:00:21|00:00:00|00:01:19|2026-11-20T12:00:21|00:02:38|00:00:00|00:00.002',
      '619_8.batch|batch|project_2001234||1|1|1|1|COMPLETED||0||||2026-11-20T12:00:30|2026-11-20T12:00:30|00:00:06||2026-11-20T12:00:36||00:00:06|00:00.012',
      '628_[1-100]|arr|project_2001234|small|1|0|1|0|PENDING|||||00:05:00|2026-11-20T12:00:40|Unknown|00:00:00|00:00:00|Unknown|00:00:00|00:00:00|00:00:00'
    ]
  }
}

const epoch = (text: string): string => (/^\d/.test(text) ? String(Date.parse(`${text}Z`) / 1000) : text)
const seconds = (text: string): string => String(parseSlurmDuration(text) ?? text)
const minutes = (text: string): string => (/^\d/.test(text) ? String(Number(seconds(text)) / 60) : text)

/** The same lines field by field, in the form in which our command asks for times and whole numbers. */
export function sampleRows(release: SlurmRelease): Record<string, string>[] {
  const { fields, lines } = printed[release]
  return lines.map((line) => {
    const values = line.split('|')
    const row = Object.fromEntries(fields.map((field, at) => [field, values[at] ?? '']))
    const { Timelimit = '', Submit = '', Start = '', End = '', Elapsed = '', CPUTime = '' } = row
    const raw = { TimelimitRaw: minutes(Timelimit), ElapsedRaw: seconds(Elapsed), CPUTimeRAW: seconds(CPUTime) }
    return { ...row, ...raw, Submit: epoch(Submit), Start: epoch(Start), End: epoch(End) }
  })
}
