// The browser's sockets, clock and random numbers for a connection. Tests use their own.

import type { Clock, Socket } from "./connection.ts";

export const clock: Clock = {
  after: (ms, what) => {
    const timer = setTimeout(what, ms);
    return () => {
      clearTimeout(timer);
    };
  },
  random: Math.random,
};

/** Opens a socket to the server, with TLS if the page has it. */
export function openSocket(server: URL, path: "/ws" | "/ws/agent"): Socket {
  const address = new URL(path, server);
  address.protocol = server.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address) as Socket;
}
