// A connection to the server that can be cut, as by a lost network.

import { type AddressInfo, connect, createServer as listener, type Socket } from "node:net";
import { PORT, type Server } from "./server.ts";

export interface Network {
  address: string;
  /** Ends the open connections; new ones are accepted. */
  cut(): void;
  /** Ends the open connections and refuses new ones until `mend`. */
  rip(): void;
  mend(): void;
  close(): void;
}

/** Starts a proxy in front of the server. */
export async function network(server: Server): Promise<Network> {
  const ends = new Set<Socket>();
  let isBroken = false;
  const proxy = listener((near) => {
    if (isBroken) {
      near.destroy();
      return;
    }
    const far = connect(PORT, server.host);
    for (const [end, other] of [[near, far], [far, near]] as const) {
      ends.add(end);
      end.on("error", () => end.destroy());
      end.on("close", () => {
        ends.delete(end);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const end of ends) end.destroy();
  };
  return {
    address: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      isBroken = false;
    },
    rip: () => {
      isBroken = true;
      cut();
    },
    close: () => {
      cut();
      proxy.close();
    },
  };
}
