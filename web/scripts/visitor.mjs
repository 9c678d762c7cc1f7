// A visitor for the screenshots, with its own socket.

/** Sends `says` after `welcome`, and `after` once an agent has joined; resolves when the visitor waits. The socket
 * belongs to the page and ends with it. */
export function visit(page, says, after = []) {
  return page.evaluate(
    ([says, after]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
        socket.onopen = () => socket.send(JSON.stringify({ type: "hello", locale: navigator.language }));
        socket.onmessage = ({ data }) => {
          const { type, state } = JSON.parse(data);
          if (type === "welcome") for (const one of says) socket.send(JSON.stringify(one));
          if (type === "agent_joined") for (const one of after) socket.send(JSON.stringify(one));
          if (state === "waiting") resolve();
        };
      }),
    [says, after],
  );
}
