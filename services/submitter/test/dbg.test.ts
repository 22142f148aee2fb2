import { it } from 'vitest'
import { createModel, user, id, platform } from './model/model.ts'
const chaos = [
  [60, (model) => model.takeStep()],
  [12, (model) => model.pass()],
  [10, (model) => model.advance(model.random.pick([100, 1000, 5000, 10_000]))],
  [6, (model) => model.moveJobs()],
  [4, (model) => model.collect()],
  [3, (model) => model.crash()],
  [3, (model) => model.pauseOrContinue()],
  [1, (model) => model.emptyRedis()],
  [1, (model) => model.orderSomething()]
]
const total = 100
it('x', async () => {
  const model = createModel(Number(process.env.SEED))
  await model.start()
  for (let i = 0; i < 250; i++) {
    let at = model.random.below(total)
    for (const [w, m] of chaos) {
      if (at < w) {
        await m(model)
        break
      }
      at -= w
    }
  }
  model.calmDown()
  for (let r = 0; r < 120; r++) {
    let n = 0
    while (await model.takeStep()) n++
    await model.pass()
    model.advance(5000)
    model.moveJobs()
    await model.collect()
    const s = await model.management.readStatus(user, id, platform)
    console.log(
      'round',
      r,
      'steps',
      n,
      JSON.stringify(model.cluster.jobs.map((j) => j.state)),
      JSON.stringify(s?.jobs.map((j) => [j.attempt, j.state.kind, j.state.stored])),
      s?.fence,
      s?.sequence
    )
  }
})
