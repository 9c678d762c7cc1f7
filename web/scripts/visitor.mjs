// A visitor for the pictures: somebody with a socket of their own.

/** Says all of it once welcomed, and the rest once a person has joined; comes back when the visitor waits. The
 * socket is the page's, so it goes with the page. */
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
