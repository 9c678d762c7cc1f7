"""Types one product's name and asks one question, again and again.

pip install locust websocket-client
locust -f locustfile.py --headless -u 50 -H ws://127.0.0.1:8000/ws
"""

import json
import time

import websocket
from locust import User, between, task

NAME = "ke-9"


class Visitor(User):
    wait_time = between(1, 3)

    def on_start(self):
        self.socket = websocket.create_connection(self.host, timeout=30)
        self.say({"type": "hello", "compact": True})

    def on_stop(self):
        self.socket.close()

    def say(self, message):
        self.socket.send(json.dumps(message))

    def until(self, operation, message, last):
        """Says something and hears up to the message that ends it."""
        began, failure, heard = time.perf_counter(), None, {}
        try:
            self.say(message)
            while heard.get("type") != last:
                heard = json.loads(self.socket.recv())
        except Exception as error:
            failure = error
        took_ms = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(
            request_type="ws", name=operation, response_time=took_ms, response_length=0, exception=failure
        )
        return heard

    @task
    def type_and_ask(self):
        found = []
        for length in range(1, len(NAME) + 1):
            typed = {"type": "typing", "content": NAME[:length]}
            found = self.until("typing", typed, "prediction").get("data", [])
            time.sleep(0.15)
        if found:
            question = {"type": "lock_and_query", "product_id": found[0]["product"]["id"], "query": "How do I descale it?"}
            self.until("ask", question, "final_answer")
