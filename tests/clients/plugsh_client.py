"""A client of `plugsh serve`, on Python's standard library alone. `plugsh help wire` has all methods.

    python3 plugsh_client.py SOCKET call PLUGIN FUNCTION [INPUT] | follow [FILTER] | kill TARGET
"""

import base64
import json
import socket
import sys


class Plugsh:
    def __init__(self, path: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")
        self.last_id = 0
        self.told = []
        self.hello = self.read()["params"]

    def read(self) -> dict:
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the server is gone")
        return json.loads(line)

    def ask(self, method: str, **params):
        """The result of a request. What the server tells meanwhile waits in `told`."""
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while (message := self.read()).get("id") != self.last_id or "method" in message:
            self.told.append(message)
        if "error" in message:
            raise RuntimeError(message["error"]["message"])
        return message["result"]

    def call(self, plugin: str, function: str, data: bytes = b"") -> bytes:
        encoded = base64.b64encode(data).decode()
        result = self.ask("call", plugin=plugin, function=function, input_base64=encoded)
        return base64.b64decode(result["output_base64"]) if "output_base64" in result else result["output"].encode()

    def follow(self, **params):
        """The records of calls from now on, without an end."""
        self.ask("calls", follow=True, limit=0, **params)
        while True:
            message = self.told.pop(0) if self.told else self.read()
            if message.get("method") == "calls":
                yield from message["params"]["calls"]


if __name__ == "__main__":
    plugsh, (action, *words) = Plugsh(sys.argv[1]), sys.argv[2:]
    if action == "call":
        sys.stdout.buffer.write(plugsh.call(*words[:2], *(word.encode(errors="surrogateescape") for word in words[2:])))
    elif action == "follow":
        for record in plugsh.follow(**({"filter": words[0]} if words else {})):
            print(record["callee_name"], record["function"], record["outcome"], flush=True)
    else:
        print(json.dumps(plugsh.ask("kill", target=words[0])["ended"]))
