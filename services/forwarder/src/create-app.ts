import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { Logger } from '@lautta/runtime/logger'
import { type FastifyBaseLogger, type FastifyPluginCallback, fastify, LogController } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { App, AppContext } from './app-context.ts'
import { createAuthenticate } from './authenticate.ts'
import { describeRoute } from './describe-route.ts'
import { answerProblem, Problem } from './problem.ts'
import { readJson, readYaml } from './read-body.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { jobRoutes } from './routes/jobs.ts'
import { meRoutes } from './routes/me.ts'
import { objectContentRoutes } from './routes/object-content.ts'
import { objectRoutes } from './routes/objects.ts'
import { orchestrationRoutes } from './routes/orchestrations.ts'
import { platformRoutes } from './routes/platforms.ts'
import { tableRoutes } from './routes/tables.ts'
import { validate } from './validate.ts'

const bodyLimitBytes = 16 * 1024 * 1024

/** The HTTP API as an application: it listens nowhere yet. */
export async function createApp(context: AppContext, logger: Logger): Promise<App> {
  const app: App = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    bodyLimit: bodyLimitBytes,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    frameworkErrors: answerProblem
  }).withTypeProvider()
  app.setValidatorCompiler(validate)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(answerProblem)
  app.setNotFoundHandler((request, reply) =>
    answerProblem(new Problem(404, `there is no ${request.method} ${request.url.split('?')[0]}`), request, reply)
  )
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, body: string) => readJson(body))
  app.addContentTypeParser(/^(?:application|text)\/(?:x-)?yaml/, { parseAs: 'string' }, async (_request: unknown, body: string) =>
    readYaml(body)
  )
  app.decorateRequest('caller', null)

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Lautta',
        version: '0.1.0',
        description: 'Carries computing work from a notebook to supercomputers, and brings the results back.'
      },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }]
    },
    transform: describeRoute
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  await app.register(scoped(healthRoutes, context))
  await app.register(
    (guarded, _options, done) => {
      const authenticate = createAuthenticate(context.users)
      guarded.addHook('onRequest', async (request) => {
        request.caller = authenticate(request)
      })
      const groups = [
        orchestrationRoutes,
        jobRoutes,
        eventRoutes,
        objectRoutes,
        objectContentRoutes,
        tableRoutes,
        platformRoutes,
        meRoutes
      ]
      for (const routes of groups) guarded.register(scoped(routes, context))
      done()
    },
    { prefix: '/v1' }
  )
  return app
}

/** Routes with a scope of their own, so that what one group changes (how bodies are read) concerns no other. */
function scoped(routes: (app: App, context: AppContext) => void, context: AppContext): FastifyPluginCallback {
  return (scope, _options, done) => {
    routes(scope as App, context)
    done()
  }
}
