import { z } from 'zod'

// Shells keep most of these for themselves, and end when somebody sets them; by HOME and PATH we find what we need.
const reservedNames = ['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'HOME', 'PATH', 'PPID', 'SHELLOPTS', 'UID']

const longestValue = 32_768
const longestText = 131_072

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, 'write a name in letters, digits and _, not beginning with a digit')
  .refine((name) => !/^(?:SLURM|SBATCH|LAUTTA)_/.test(name), 'names that begin with SLURM_, SBATCH_ or LAUTTA_ are not free')
  .refine((name) => !reservedNames.includes(name), 'set this one in the script')

/** The variables that a job finds set. */
export const jobEnvironmentSchema = z
  .record(
    variableName,
    z
      .string()
      .max(longestValue)
      .refine((value) => !value.includes('\0'), 'no NUL characters')
  )
  .refine((variables) => Object.entries(variables).flat().join('==').length <= longestText, 'together they are too long')
  .describe('variables that the job finds set, NAME: value')
