import { z } from 'zod'

const importance = z.number().min(0).max(1_000_000).default(0)

/** How much each kind of resource counts when work is divided between Ray clusters. */
export const resourceWeightsSchema = z
  .strictObject({ CPU: importance, RAM: importance, GPU: importance })
  .describe('how much each resource of a cluster counts; what is left out counts nothing')
export type ResourceWeights = z.output<typeof resourceWeightsSchema>

type Json = z.output<ReturnType<typeof z.json>>

/** One item of work, with what its list says in its last two elements. */
export interface WorkItem {
  list: readonly Json[]
  /** The last element but one: the largest come first. */
  order: number | string
  /** The last element: how heavy the item is. */
  weight: number
}

/** The items of a fan-out, each a list whose last two elements say what comes first, and how heavy it is. */
export const workItemsSchema = z.array(z.array(z.json())).transform((lists, context): WorkItem[] => {
  const items = lists.flatMap((list, position) => {
    const item = readItem(list)
    if (item !== null) return [item]
    const message = 'write a list that ends in a number or a text to sort it by, and in how heavy it is, a number from 0 on'
    context.addIssue({ code: 'custom', path: [position], message })
    return []
  })
  const kind = typeof items[0]?.order
  const other = items.findIndex(({ order }) => typeof order !== kind)
  if (other > 0 && items.length === lists.length) {
    const message = `the last element but one is a ${kind} in the first item and none in this one: they can not be sorted`
    context.addIssue({ code: 'custom', path: [other], message })
  }
  return items
})

function readItem(list: readonly Json[]): WorkItem | null {
  const [order, weight] = list.slice(-2)
  if (typeof order !== 'number' && typeof order !== 'string') return null
  return typeof weight === 'number' && weight >= 0 ? { list, order, weight } : null
}

/** Which of two items comes first: the one with the larger order, of equal ones the heavier. */
export function compareItems(one: WorkItem, other: WorkItem): number {
  return compareOrders(other.order, one.order) || other.weight - one.weight
}

// Texts by their code points, as Python has them; JavaScript would compare halves of some.
function compareOrders(one: number | string, other: number | string): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  const [letters, otherLetters] = [[...String(one)], [...String(other)]]
  for (const [index, letter] of letters.entries()) {
    const difference = (letter.codePointAt(0) ?? 0) - (otherLetters[index]?.codePointAt(0) ?? -1)
    if (difference !== 0) return difference
  }
  return letters.length - otherLetters.length
}
