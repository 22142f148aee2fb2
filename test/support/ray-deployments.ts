import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

const read = (name: string): unknown =>
  parse(readFileSync(new URL(`../../deploy/ray/${name}`, import.meta.url), 'utf8'), { merge: true })

interface ComposeNode {
  image: string
  command: [string, ...string[]]
  environment: Record<string, string>
  ports: string[]
  healthcheck?: { test: [string, ...string[]] }
}

/** The Ray clusters for docker compose. */
export const composeFiles = ['cpu-ray-cluster.yaml', 'gpu-ray-cluster.yaml'] as const

export function readCompose(name: string) {
  return read(name) as {
    services: { 'ray-head': ComposeNode; 'ray-worker': ComposeNode }
    secrets: Record<string, { file: string }>
  }
}

/** The Ray clusters for KubeRay's chart. */
export const kubeRayFiles = ['cpu-kuberay-cluster-values.yaml', 'gpu-kuberay-cluster-values.yaml'] as const

export function readKubeRayValues(name: string) {
  return read(name) as {
    image: { tag: string }
    common: { containerEnv: { name: string }[] }
    head: { rayVersion: string; rayStartParams: Record<string, string> }
  }
}
