import type { Configs } from './dictionary.ts'

/** The folder of an order's venv on the platform; null when it has none. */
export function venvFolderOf({ venv: { name, path } }: Pick<Configs, 'venv'>): string | null {
  return name === 'None' || path === 'None' ? null : `${path.replace(/\/$/, '')}/${name}`
}
