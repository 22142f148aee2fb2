import type { Submission } from '../scheduler.ts'

/**
 * Options as sbatch's words. One without a value takes the next word if it should have had one: so these come last, and
 * `hold`, which we give ourselves, first of them.
 */
export function sbatchOptions({ options, array }: Pick<Submission, 'options' | 'array'>): string[] {
  const { hold, ...others } = options
  const entries = Object.entries(others)
  return [
    ...(array === null ? [] : [`--array=${array}`]),
    ...entries.flatMap(([name, value]) => (value === true ? [] : [`--${name}=${value}`])),
    ...(hold === undefined ? [] : [hold === true ? '--hold' : `--hold=${hold}`]),
    ...entries.flatMap(([name, value]) => (value === true ? [`--${name}`] : []))
  ]
}
