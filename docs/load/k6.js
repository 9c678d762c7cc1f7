// Types one product's name and asks one question: k6 run -e URL=ws://127.0.0.1:8000/ws k6.js
import { check } from "k6";
import { Trend } from "k6/metrics";
import ws from "k6/ws";

const typing = new Trend("typing_ms", true);
const ask = new Trend("ask_ms", true);
const name = "ke-9";

export const options = {
  scenarios: { visitors: { executor: "constant-arrival-rate", rate: 10, timeUnit: "1s", duration: "30s", preAllocatedVUs: 100 } },
  thresholds: { typing_ms: ["p(99)<15"] },
};

export default function () {
  const url = __ENV.URL || "ws://127.0.0.1:8000/ws";
  const response = ws.connect(url, {}, (socket) => {
    const sent = {};
    const say = (message) => {
      sent[message.id] = Date.now();
      socket.send(JSON.stringify(message));
    };
    const type = (length) => say({ type: "typing", content: name.slice(0, length), id: length });
    socket.on("open", () => {
      socket.send(JSON.stringify({ type: "hello", compact: true }));
      type(1);
    });
    socket.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.type === "prediction") {
        typing.add(Date.now() - sent[message.id]);
        if (message.id < name.length) socket.setTimeout(() => type(message.id + 1), 150);
        else if (message.data.length === 0) socket.close();
        else say({ type: "lock_and_query", product_id: message.data[0].product.id, query: "How do I descale it?", id: 100 });
      }
      if (message.type === "final_answer") {
        ask.add(Date.now() - sent[100]);
        socket.close();
      }
    });
    socket.setTimeout(() => socket.close(), 30000);
  });
  check(response, { "the socket opened": (it) => it && it.status === 101 });
}
