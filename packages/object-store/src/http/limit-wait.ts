import { type Dispatcher, errors } from 'undici'

// undici gives a request one when it leaves the queue.
const notBegun: Dispatcher.DispatchController = {
  aborted: false,
  paused: false,
  reason: null,
  abort: () => {},
  pause: () => {},
  resume: () => {}
}

/** Fails a request that gets no connection in time: undici's own limits begin when it has one. */
export function limitWait(longestMs: number): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    let isOver = false
    const fail: NonNullable<Dispatcher.DispatchHandler['onResponseError']> = (controller, error) => {
      clearTimeout(timer)
      if (isOver) return
      isOver = true
      handler.onResponseError?.(controller, error)
    }
    const late = new errors.ConnectTimeoutError(`no connection was free for ${longestMs} ms`)
    const timer = setTimeout(() => fail(notBegun, late), longestMs)
    return dispatch(options, {
      onRequestStart(controller, context) {
        clearTimeout(timer)
        if (isOver) controller.abort(late)
        else handler.onRequestStart?.(controller, context)
      },
      onResponseStart: (...given) => handler.onResponseStart?.(...given),
      onResponseData: (...given) => handler.onResponseData?.(...given),
      onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
      onResponseError: fail
    })
  }
}
