"""A service that is not of the shop, in Python without any package: it registers itself, and the gateway finds it.

    python3 examples/greeter.py http://127.0.0.1:9000/eureka greeter "its password"

Then http://127.0.0.1:8080/services/greeter/hello is answered here. docs/how-to/add-a-service.md says what the shop
has to be told.
"""

import base64, json, signal, sys, threading, urllib.error, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

registry, name, password = sys.argv[1:4]
proof = base64.b64encode(f"{name}:{password}".encode()).decode()


class Greeter(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"greeting": "hello from Python", "asked_for": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def tell(method, path, body=None):
    request = urllib.request.Request(f"{registry}/apps/{path}", method=method, data=body and json.dumps(body).encode())
    request.add_header("Authorization", f"Basic {proof}")
    request.add_header("Content-Type", "application/json")
    return urllib.request.urlopen(request, timeout=2)


def stay_registered(port, stop):
    me = {
        "app": name.upper(), "instanceId": f"{name}-{port}", "hostName": "127.0.0.1", "ipAddr": "127.0.0.1",
        "port": {"$": port, "@enabled": "true"}, "status": "UP", "dataCenterInfo": {"name": "MyOwn"},
        "leaseInfo": {"renewalIntervalInSecs": 1, "durationInSecs": 3},
    }
    while not stop.wait(1 if stop.registered else 0.1):
        try:
            tell("PUT", f"{name}/{me['instanceId']}") if stop.registered else tell("POST", name, {"instance": me})
            stop.registered = True
        except urllib.error.HTTPError as refused:  # 404: the registry has forgotten us
            stop.registered = False
            print(refused, refused.read().decode(), file=sys.stderr)
        except OSError as silent:
            print(silent, file=sys.stderr)
    tell("DELETE", f"{name}/{me['instanceId']}")


server = ThreadingHTTPServer(("127.0.0.1", 0), Greeter)
stop = threading.Event()
stop.registered = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
heartbeat = threading.Thread(target=stay_registered, args=(server.server_port, stop))
heartbeat.start()
server.serve_forever()
stop.set()
heartbeat.join()
