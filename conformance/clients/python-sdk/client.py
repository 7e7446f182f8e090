"""The Python SDK's client, doing the task that CLIENTS.md describes.

What its guide leaves to an application is done as the guide shows it: storage, the loopback listener and the browser. Everything else is the SDK's.
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ["LOOKOUT_CONFORMANCE_URL"]
STORE = Path(os.environ["LOOKOUT_CONFORMANCE_STORE"])
PATIENCE = float(os.environ["LOOKOUT_CONFORMANCE_PATIENCE"])
# The contract's limit on one step.
STEP = 15


class Storage:
    """Tokens and registration, in two files that only their owner reads."""

    def read(self, name, model):
        file = STORE / name
        return model.model_validate_json(file.read_text()) if file.exists() else None

    def write(self, name, value):
        handle = os.open(STORE / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "w") as file:
            file.write(value.model_dump_json(exclude_none=True))

    async def get_tokens(self):
        return self.read("tokens.json", OAuthToken)

    async def set_tokens(self, tokens):
        self.write("tokens.json", tokens)

    async def get_client_info(self):
        kept = self.read("client.json", OAuthClientInformationFull)
        identifier = os.environ.get("LOOKOUT_CONFORMANCE_CLIENT_ID")
        if kept is None and identifier is not None:
            # A client that is registered beforehand is put where the SDK looks for one, with the issuer it belongs to.
            issuer = os.environ["LOOKOUT_CONFORMANCE_ISSUER"]
            return OAuthClientInformationFull(client_id=identifier, issuer=issuer, token_endpoint_auth_method="none")
        return kept

    async def set_client_info(self, client_info):
        self.write("client.json", client_info)


class Browser:
    """Opens authorization URLs, and hears of the answer on a loopback port.

    One port for the whole run, as it is registered. It is open until a sign-in ends, and again for the next one.
    """

    port = 0

    async def listen(self):
        self.answer = asyncio.get_running_loop().create_future()
        self.server = await asyncio.start_server(self.hear, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def hear(self, reader, writer):
        with contextlib.suppress(Exception):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            method, target, _ = head.decode().split(" ", 2)
            target = urlsplit(target)
            is_browser = method == "GET" and f"\r\nhost: 127.0.0.1:{self.port}\r\n" in head.decode().lower()
            is_callback = is_browser and target.path == "/callback" and not self.answer.done()
            status = b"200 OK" if is_callback else b"404 Not Found"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            if is_callback:
                self.server.close()
                self.answer.set_result(parse_qs(target.query))
        writer.close()

    async def redirect(self, url):
        if not self.server.is_serving():
            await self.listen()
        await asyncio.create_subprocess_exec(os.environ["BROWSER"], url)

    async def callback(self):
        answer = await asyncio.wait_for(asyncio.shield(self.answer), PATIENCE)
        if "code" not in answer:
            raise RuntimeError("the authorization server refused")
        # Passed through as they arrived: comparing them is the SDK's.
        return AuthorizationCodeResult(
            code=answer["code"][0],
            state=answer.get("state", [None])[0],
            iss=answer.get("iss", [None])[0],
        )


@contextlib.asynccontextmanager
async def connected(oauth):
    async with httpx2.AsyncClient(auth=oauth) as http:
        async with Client(streamable_http_client(URL, http_client=http)) as client:
            yield client


async def list_tools(client, _step):
    cursor = None
    while True:
        page = await client.list_tools(cursor=cursor)
        cursor = page.next_cursor
        if cursor is None:
            return


async def call_tool(client, step):
    result = await client.call_tool(step["name"], step["arguments"])
    if result.is_error:
        raise RuntimeError("the tool reported an error")


async def call_tools(client, step):
    await asyncio.gather(*(call_tool(client, each) for each in step["calls"]))


async def cancel_call(client, step):
    call = asyncio.create_task(call_tool(client, step))
    done, _ = await asyncio.wait({call}, timeout=step["after_ms"] / 1000)
    if done:
        call.result()
        raise RuntimeError("the call ended before it was cancelled")
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call


STEPS = {"list-tools": list_tools, "call-tool": call_tool, "call-tools": call_tools, "cancel-call": cancel_call}


async def run():
    browser = Browser()
    await browser.listen()
    oauth = OAuthClientProvider(
        server_url=URL,
        # No scope: the SDK takes it from the challenge.
        client_metadata=OAuthClientMetadata(client_name="Python SDK", redirect_uris=[f"http://127.0.0.1:{browser.port}/callback"]),
        storage=Storage(),
        redirect_handler=browser.redirect,
        callback_handler=browser.callback,
    )
    steps = json.loads(os.environ["LOOKOUT_CONFORMANCE_TASK"])["steps"]
    async with contextlib.AsyncExitStack() as connection:
        client = None
        for step in steps:
            if step["do"] != "reconnect" and step["do"] not in STEPS:
                print(f"unsupported: {step['do']}", file=sys.stderr)
                return
            async with asyncio.timeout(STEP):
                if client is None or step["do"] == "reconnect":
                    await connection.aclose()
                    client = await connection.enter_async_context(connected(oauth))
                if step["do"] != "reconnect":
                    await STEPS[step["do"]](client, step)


def first(error):
    """The cause that task groups wrap."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


try:
    asyncio.run(run())
except Exception as error:
    cause = first(error)
    # How a text that may be the server's is shown is the application's business: inert.
    text = f"{type(cause).__name__}: {cause}"[:300]
    print("".join(each if " " <= each <= "~" else "?" for each in text), file=sys.stderr)
    sys.exit(1)
