// What is needed of the platform: a WebSocket as browsers, Node 22 and the
// package ws have it, and timers. It is named here so that the client needs
// the types of no platform.

/** A WebSocket, as far as it is used. What its handlers are given is left open: each
 * platform has types of its own for it, and all have data, and code and reason. */
export interface Wire {
  readonly readyState: number
  onopen: ((e: never) => void) | null
  onmessage: ((e: never) => void) | null
  onclose: ((e: never) => void) | null
  onerror: ((e: never) => void) | null
  send(text: string): void
  close(code?: number): void
}

/** Opens a WebSocket. */
export type Connect = (url: string) => Wire

type Timer = { unref?: () => void }

interface Platform {
  reportError?(e: unknown): void
  WebSocket?: new (url: string, more?: unknown) => Wire
  setTimeout(run: () => void, ms: number): Timer
  clearTimeout(timer: Timer | undefined): void
  addEventListener?(name: string, run: () => void): void
  removeEventListener?(name: string, run: () => void): void
}

export const platform = globalThis as unknown as Platform

/** Opens the platform's own WebSocket; Node's takes headers. */
export function ownSocket(headers?: Record<string, string>): Connect {
  return (url) => {
    const Socket = platform.WebSocket
    if (!Socket)
      throw new Error(
        'There is no WebSocket here (Node has one from version 22): give PaddockLive a "connect" that makes one.',
      )
    return headers ? new Socket(url, { headers }) : new Socket(url)
  }
}

/** A timer that can be set again and stopped. One that keeps no program alive
 * is for what matters only while something else does. */
export class Alarm {
  private timer: Timer | undefined

  constructor(private readonly keepsAlive: boolean) {}

  set(ms: number, run: () => void) {
    platform.clearTimeout(this.timer)
    this.timer = platform.setTimeout(run, ms)
    if (!this.keepsAlive) this.timer.unref?.()
  }

  stop() {
    platform.clearTimeout(this.timer)
    this.timer = undefined
  }
}

/** Reports an error that nobody catches, as the platform does. */
export function report(e: unknown) {
  if (platform.reportError) platform.reportError(e)
  else
    platform.setTimeout(() => {
      throw e
    }, 0)
}
