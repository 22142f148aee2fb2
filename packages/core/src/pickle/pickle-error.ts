import { RefusedError } from '../errors.ts'

/** A pickle is refused, for whatever reason: neither reading nor writing one throws anything else. */
export class PickleError extends RefusedError {}
