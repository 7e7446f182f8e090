// oidc-provider as the authorization server, with its own sign-in and consent pages, of an MCP endpoint
// that the TypeScript SDK's bearer middleware guards.
import { createServer } from 'node:http';
import express from 'express';
import Provider, { errors } from 'oidc-provider';
import { z } from 'zod';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { metadataHandler } from '@modelcontextprotocol/sdk/server/auth/handlers/metadata.js';
import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/sdk/server/auth/router.js';

const SCOPES = ['notes:read', 'notes:write'];
const notes = new Map([['first', 'Loopback only.']]);

function notesServer() {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const answer = value => ({ content: [{ type: 'text', text: JSON.stringify(value) }] });
  server.registerTool(
    'read_note',
    { description: 'Reads one note.', inputSchema: { title: z.string() }, annotations: { readOnlyHint: true } },
    ({ title }) => answer({ title, text: notes.get(title) ?? '' }),
  );
  return server;
}

const app = express();
const listener = createServer(app);
listener.listen(Number(process.env.PORT ?? 8803), '127.0.0.1', () => {
  const base = `http://127.0.0.1:${listener.address().port}`;
  const endpoint = new URL(`${base}/mcp`);
  const provider = new Provider(base, {
    scopes: SCOPES,
    clientDefaults: { scope: SCOPES.join(' ') },
    features: {
      registration: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => endpoint.href,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => {
          if (resource !== endpoint.href) throw new errors.InvalidTarget();
          return { scope: SCOPES.join(' '), accessTokenFormat: 'opaque', audience: endpoint.href };
        },
      },
    },
    issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
  });
  const verifier = {
    async verifyAccessToken(value) {
      const token = await provider.AccessToken.find(value);
      if (!token) throw new InvalidTokenError('The token is unknown, revoked or expired');
      return { token: value, clientId: token.clientId, scopes: [...token.scopes], expiresAt: token.exp, resource: new URL(token.aud) };
    },
  };
  const bearer = requireBearerAuth({
    verifier,
    requiredScopes: ['notes:read'],
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(endpoint),
    expectedResource: endpoint,
  });
  app.use('/.well-known/oauth-protected-resource/mcp', metadataHandler({
    resource: endpoint.href,
    authorization_servers: [base],
    scopes_supported: SCOPES,
  }));
  app.post('/mcp', bearer, express.json(), async (request, response) => {
    const server = notesServer();
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on('close', () => server.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  app.all('/mcp', bearer, (_request, response) => response.status(405).set('Allow', 'POST').end());
  app.use(provider.callback());
  console.log(`listening on ${base}`);
});
