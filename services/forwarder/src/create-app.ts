import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { Logger } from '@lautta/runtime/logger'
import { type FastifyBaseLogger, type FastifyPluginCallback, type FastifyRequest, fastify, LogController } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { App, AppContext } from './app-context.ts'
import { type Caller, createAuthenticate } from './authenticate.ts'
import { continueLate } from './continue-late.ts'
import { describeRoute } from './describe-route.ts'
import { answerProblem, Problem } from './problem.ts'
import { readJson, readYaml } from './read-body.ts'
import { routeUpgrades } from './route-upgrades.ts'
import { creationRoutes } from './routes/create-orchestration.ts'
import { estimateRoutes } from './routes/estimate.ts'
import { eventRoutes } from './routes/events.ts'
import { forwardStreamRoutes } from './routes/forward-stream.ts'
import { forwardRoutes } from './routes/forwards.ts'
import { healthRoutes } from './routes/health.ts'
import { jobVerbRoutes } from './routes/job-verbs.ts'
import { jobRoutes } from './routes/jobs.ts'
import { meRoutes } from './routes/me.ts'
import { objectContentRoutes } from './routes/object-content.ts'
import { objectSignRoutes } from './routes/object-sign.ts'
import { objectUploadRoutes } from './routes/object-upload.ts'
import { objectRoutes } from './routes/objects.ts'
import { orchestrationRoutes } from './routes/orchestrations.ts'
import { orderRayClusterRoutes } from './routes/order-ray-cluster.ts'
import { partitionRoutes } from './routes/partitions.ts'
import { platformRoutes } from './routes/platforms.ts'
import { rayClusterRoutes } from './routes/ray-clusters.ts'
import { rayFanOutRoutes } from './routes/ray-fan-out.ts'
import { rayJobRoutes } from './routes/ray-jobs.ts'
import { rayMetricsRoutes } from './routes/ray-metrics.ts'
import { rayServiceRoutes } from './routes/ray-services.ts'
import { runRayJobRoutes } from './routes/run-ray-job.ts'
import { tableRoutes } from './routes/tables.ts'
import { validate } from './validate.ts'

const bodyLimitBytes = 16 * 1024 * 1024
// Reading it takes seconds a megabyte, in which nobody else is answered.
const yamlLimitBytes = 512 * 1024

/**
 * The HTTP API as an application: it listens nowhere yet. A connection on which nothing moves for `silenceMs` is cut, so
 * that a client which is gone without a word holds nothing for ever.
 */
export async function createApp(context: AppContext, logger: Logger, silenceMs: number): Promise<App> {
  const app: App = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    bodyLimit: bodyLimitBytes,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    connectionTimeout: silenceMs,
    frameworkErrors: answerProblem
  }).withTypeProvider()
  app.setValidatorCompiler(validate)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(answerProblem)
  // Before its body is read, which may come from anybody.
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw new Problem(404, `there is no ${request.method} ${request.url.split('?')[0]}`)
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, body: string) => readJson(body))
  app.addContentTypeParser(
    /^(?:application|text)\/(?:x-)?yaml/,
    { parseAs: 'string', bodyLimit: yamlLimitBytes },
    async (_request: unknown, body: string) => readYaml(body)
  )
  app.decorateRequest('caller', null)
  continueLate(app)
  routeUpgrades(app)

  await app.register(swagger, {
    exposeHeadRoutes: true,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Lautta',
        version: '0.1.0',
        description: 'Carries computing work from a notebook to supercomputers, and brings the results back.'
      },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer' },
          signature: { type: 'apiKey', in: 'query', name: 'signature', description: 'of a URL that …/sign answered' }
        }
      },
      security: [{ key: [] }]
    },
    transform: describeRoute
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  await app.register(scoped(healthRoutes, context))
  const byKey = createAuthenticate(context.users)
  const keyed = [
    creationRoutes,
    orchestrationRoutes,
    jobRoutes,
    jobVerbRoutes,
    eventRoutes,
    objectRoutes,
    objectSignRoutes,
    tableRoutes,
    platformRoutes,
    partitionRoutes,
    estimateRoutes,
    forwardRoutes,
    forwardStreamRoutes,
    rayClusterRoutes,
    orderRayClusterRoutes,
    rayJobRoutes,
    runRayJobRoutes,
    rayFanOutRoutes,
    rayMetricsRoutes,
    rayServiceRoutes,
    meRoutes
  ]
  await app.register(guarded(keyed, context, byKey), { prefix: '/v1' })
  const byKeyOrSignature: Authenticate = (request) => context.signatures.findSigner(request) ?? byKey(request)
  await app.register(guarded([objectContentRoutes, objectUploadRoutes], context, byKeyOrSignature), { prefix: '/v1' })
  return app
}

type Routes = (app: App, context: AppContext) => void
type Authenticate = (request: FastifyRequest) => Caller

/** Groups of routes behind a question for who asks. */
function guarded(groups: readonly Routes[], context: AppContext, authenticate: Authenticate): FastifyPluginCallback {
  return (scope, _options, done) => {
    scope.addHook('onRequest', async (request) => {
      request.caller = authenticate(request)
    })
    for (const routes of groups) scope.register(scoped(routes, context))
    done()
  }
}

/** Routes with a scope of their own, so that what one group changes (how bodies are read) concerns no other. */
function scoped(routes: Routes, context: AppContext): FastifyPluginCallback {
  return (scope, _options, done) => {
    routes(scope as App, context)
    done()
  }
}
