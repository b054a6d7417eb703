"""py-eureka-client, unmodified, doing what it is told on standard input: arguments are the registry's URL and its port."""

import asyncio
import json
import sys

from py_eureka_client.eureka_client import EurekaClient


async def main(url, port):
    client = EurekaClient(
        eureka_server=url,
        app_name="shop",
        instance_id="python",
        instance_host="127.0.0.1",
        instance_ip="127.0.0.1",
        instance_port=port,
        renewal_interval_in_secs=1,
        duration_in_secs=3,
        metadata={"language": "python"},
    )
    await client.start()
    print("started", flush=True)
    while word := await asyncio.to_thread(sys.stdin.readline):
        match word.strip():
            case "list":
                pass
            case "register":
                await client.register()
            case "stop":
                await client.stop()
            case status:
                await client.status_update(status)
        apps = client.applications.applications
        print(json.dumps({i.instanceId: i.status for a in apps for i in a.instances}), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
