/** Ports of this machine, taken and given back. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Rejects where the port is taken; 0: any free one. */
export const listening = (on = 0): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(on, '127.0.0.1', () => resolve(server))
  })
export const portOf = (server: Server): number => (server.address() as AddressInfo).port
export const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
