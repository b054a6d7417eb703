"""A mail server for tests: aiosmtpd, with faults as it is told.

Writes a line of JSON for where it listens, and one for each mail it takes. Ends with its standard input.
"""

import argparse
import asyncio
import json
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self, faults):
        self.faults = faults

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.faults.unknown:
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        if self.faults.later > 0:
            self.faults.later -= 1
            return "451 4.3.0 come back later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "text": mail.get_body(("plain",)).get_content(),
            "html": mail.get_body(("html",)).get_content(),
        }
        print(json.dumps(told), flush=True)
        if self.faults.silent > 0:
            self.faults.silent -= 1
            server.transport.abort()
        return "250 2.0.0 taken"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--later", type=int, default=0, help="mails put off before one is taken")
    parser.add_argument("--silent", type=int, default=0, help="mails taken without an answer")
    parser.add_argument("--unknown", action="append", default=[], help="a mailbox that is not here")
    handler = Handler(parser.parse_args())
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(handler, hostname="mail.test", enable_SMTPUTF8=True, loop=loop)
    server = await loop.create_server(make, "127.0.0.1", handler.faults.port)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
