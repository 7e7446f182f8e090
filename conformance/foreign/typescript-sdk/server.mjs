// Two tools behind the TypeScript SDK's own authorization: its router, its demo provider, its bearer middleware.
import { createServer } from 'node:http';
import { z } from 'zod';
import { DemoInMemoryAuthProvider } from '@modelcontextprotocol/sdk/examples/server/demoInMemoryOAuthProvider.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';

const notes = new Map([['first', 'Loopback only.']]);

function notesServer() {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const answer = value => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });
  server.registerTool(
    'read_note',
    { description: 'Reads one note.', inputSchema: { title: z.string() }, annotations: { readOnlyHint: true } },
    ({ title }) => answer({ title, text: notes.get(title) ?? '' }),
  );
  server.registerTool(
    'write_note',
    { description: 'Writes one note.', inputSchema: { title: z.string(), text: z.string() } },
    ({ title, text }) => {
      notes.set(title, text);
      return answer({ title });
    },
  );
  return server;
}

const app = createMcpExpressApp();
const listener = createServer(app);
listener.listen(Number(process.env.PORT ?? 8802), '127.0.0.1', () => {
  const base = `http://127.0.0.1:${listener.address().port}`;
  const endpoint = new URL(`${base}/mcp`);
  // As the SDK's own example does with --oauth-strict: only this server may be named as the resource.
  const provider = new DemoInMemoryAuthProvider(resource => resource?.href === endpoint.href);
  const unlimited = { rateLimit: false };
  app.use(mcpAuthRouter({
    provider,
    issuerUrl: new URL(base),
    resourceServerUrl: endpoint,
    scopesSupported: ['mcp:tools'],
    // The limits of the router are right for a public server and would end a test after 20 clients.
    authorizationOptions: unlimited,
    tokenOptions: unlimited,
    clientRegistrationOptions: unlimited,
  }));
  const bearer = requireBearerAuth({
    verifier: provider,
    requiredScopes: ['mcp:tools'],
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(endpoint),
    expectedResource: endpoint,
  });
  app.post('/mcp', bearer, async (request, response) => {
    const server = notesServer();
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on('close', () => server.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  app.all('/mcp', bearer, (_request, response) => response.status(405).set('Allow', 'POST').end());
  console.log(`listening on ${base}`);
});
