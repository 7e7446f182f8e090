"""Two tools behind FastMCP's own authorization: its in-memory provider, its routes, its scope checks."""

import os
import socket

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import require_scopes
from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider

SCOPES = ["notes:read", "notes:write"]

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(os.environ.get("PORT", "8801"))))
url = f"http://127.0.0.1:{listener.getsockname()[1]}"

server = FastMCP(
    "Notes",
    auth=InMemoryOAuthProvider(
        base_url=url,
        client_registration_options=ClientRegistrationOptions(
            enabled=True, valid_scopes=SCOPES, default_scopes=SCOPES
        ),
        revocation_options=RevocationOptions(enabled=True),
    ),
)
notes = {"first": "Loopback only."}


@server.tool(auth=require_scopes("notes:read"), annotations={"readOnlyHint": True})
def read_note(title: str) -> dict[str, str]:
    """Reads one note."""
    return {"title": title, "text": notes.get(title, "")}


@server.tool(auth=require_scopes("notes:write"))
def write_note(title: str, text: str) -> dict[str, str]:
    """Writes one note."""
    notes[title] = text
    return {"title": title}


if __name__ == "__main__":
    listener.listen(128)
    # The socket listens already, so a request that comes before the first accept waits.
    print(f"listening on {url}", flush=True)
    app = server.http_app(path="/mcp", stateless_http=True, json_response=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
