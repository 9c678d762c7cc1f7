// What a connection has of the browser: its sockets, its clock, its chance. Tests bring their own.

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

/** Opens a socket to the server, as safe as the page's own address is. */
export function openSocket(server: URL, path: "/ws" | "/ws/agent"): Socket {
  const address = new URL(path, server);
  address.protocol = server.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address) as Socket;
}
