// The TypeScript SDK's client, doing the task that CLIENTS.md describes. What its guide leaves to an application is done as the guide shows it:
// storage, the loopback listener, the browser, the comparison of `state`, and reconnecting after a sign-in. Everything else is the SDK's.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, SdkHttpError, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const env = process.env;
const url = new URL(process.argv[2] ?? env.LOOKOUT_CONFORMANCE_URL);
const patience = Number(env.LOOKOUT_CONFORMANCE_PATIENCE) * 1000;
// The SDK waits a minute by default; the contract gives a step 15 seconds.
const options = { timeout: 10_000 };
const STEP = 15_000;

// One port for the whole run, as it is registered. It is open until a sign-in ends, and again for the next one.
let listener;
let port = 0;
await listen();
const redirectUrl = `http://127.0.0.1:${port}/callback`;

async function listen() {
  listener = createServer();
  await new Promise((listening, failed) => listener.on('error', failed).listen(port, '127.0.0.1', listening));
  port = listener.address().port;
}

/** What the SDK asks to be kept: registrations by issuer, as its guide demands, and the tokens, in one file. */
class Provider {
  redirectUrl = redirectUrl;
  // As in the SDK's own command-line client. No scope: the SDK takes it from the challenge.
  clientMetadata = {
    client_name: 'TypeScript SDK',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: 'native',
    token_endpoint_auth_method: 'none',
  };
  #file = join(env.LOOKOUT_CONFORMANCE_STORE, 'credentials.json');
  #kept = { clients: {} };

  constructor() {
    try {
      this.#kept = JSON.parse(readFileSync(this.#file, 'utf8'));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  #save() {
    writeFileSync(this.#file, JSON.stringify(this.#kept), { mode: 0o600 });
  }
  clientInformation(context) {
    const issuer = context?.issuer;
    // The client that is registered beforehand belongs to one issuer, and the SDK says which one it asks for.
    if (issuer && issuer === env.LOOKOUT_CONFORMANCE_ISSUER) return { client_id: env.LOOKOUT_CONFORMANCE_CLIENT_ID };
    return issuer ? this.#kept.clients[issuer] : undefined;
  }
  saveClientInformation(information, context) {
    if (context) this.#kept.clients[context.issuer] = information;
    this.#save();
  }
  tokens() {
    return this.#kept.tokens;
  }
  saveTokens(tokens) {
    this.#kept.tokens = tokens;
    this.#save();
  }
  invalidateCredentials(scope) {
    if (scope === 'all' || scope === 'client') this.#kept.clients = {};
    if (scope === 'all' || scope === 'tokens') this.#kept.tokens = undefined;
    if (scope === 'all' || scope === 'verifier') this.verifier = undefined;
    if (scope === 'all' || scope === 'discovery') this.discovery = undefined;
    this.#save();
  }
  state() {
    this.lastState = crypto.randomUUID();
    return this.lastState;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    if (!this.verifier) throw new Error('no code verifier');
    return this.verifier;
  }
  saveDiscoveryState(state) {
    this.discovery = state;
  }
  discoveryState() {
    return this.discovery;
  }
  redirectToAuthorization(authorizationUrl) {
    this.pending = authorizationUrl;
  }
}

const provider = new Provider();
let client;
let transport;

async function connect() {
  client = new Client({ name: 'typescript-sdk', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
  await client.connect(transport, options);
}

function callback() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('nobody signed in')), patience);
    listener.on('request', (request, response) => {
      const target = new URL(request.url, redirectUrl);
      const isBrowser = request.method === 'GET' && request.headers.host === target.host;
      if (!isBrowser || target.pathname !== '/callback') return response.writeHead(404).end();
      clearTimeout(late);
      response.writeHead(200, { 'Content-Type': 'text/plain', Connection: 'close' }).end('You can close this window.');
      listener.close();
      resolve(target.searchParams);
    });
  });
}

/** The second half of a sign-in; the SDK has thrown UnauthorizedError and named the URL to open. */
async function signIn() {
  const opened = provider.pending;
  provider.pending = undefined;
  if (!opened) throw new Error('the SDK asks for a sign-in and names no URL');
  // As in the SDK's own command-line client, which opens nothing in the clear beyond this machine.
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(opened.hostname);
  if (opened.protocol !== 'https:' && !(opened.protocol === 'http:' && isLocal)) throw new Error('not a URL for a browser');
  if (!listener.listening) await listen();
  const answer = callback();
  execFile(env.BROWSER, [opened.href], () => {});
  const parameters = await answer;
  if (parameters.get('error')) throw new Error('the authorization server refused');
  if (!provider.lastState || parameters.get('state') !== provider.lastState) throw new Error('state mismatch');
  await transport.finishAuth(parameters);
}

/** On repeated 401s the SDK wants its host to forget what was discovered, so that a resource may move to another authorization server. */
async function rediscovering(operation) {
  try {
    return await operation();
  } catch (error) {
    if (!(error instanceof SdkHttpError) || error.status !== 401) throw error;
    provider.invalidateCredentials('discovery');
    return operation();
  }
}

// One person signs in once, however many calls wait for it.
let signingIn;

// After the second there is no third: whoever refuses a fresh token twice refuses the person.
async function authorized(operation, signIns = 2) {
  try {
    return await rediscovering(operation);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || signIns === 0) throw error;
    signingIn ??= signIn().finally(() => (signingIn = undefined));
    await signingIn;
    return authorized(operation, signIns - 1);
  }
}

async function call({ name, arguments: given }, signal) {
  const result = await authorized(() => client.callTool({ name, arguments: given }, { ...options, signal }));
  if (result.isError) throw new Error('the tool reported an error');
}

async function cancelled(step) {
  const aborter = new AbortController();
  setTimeout(() => aborter.abort(), step.after_ms);
  try {
    await call(step, aborter.signal);
  } catch (error) {
    if (aborter.signal.aborted) return;
    throw error;
  }
  throw new Error('the call ended before it was cancelled');
}

const steps = {
  'list-tools': () => authorized(() => client.listTools(undefined, options)),
  'call-tool': step => call(step),
  'call-tools': step => Promise.all(step.calls.map(each => call(each))),
  'cancel-call': cancelled,
  reconnect: async () => {
    await disconnect();
    await authorized(connect);
  },
};

async function disconnect() {
  await transport.terminateSession();
  await client.close();
}

function limited(work) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('a step took too long')), STEP)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function run() {
  for (const step of JSON.parse(env.LOOKOUT_CONFORMANCE_TASK).steps) {
    if (!Object.hasOwn(steps, step.do)) return console.error(`unsupported: ${step.do}`);
    if (!client) await limited(authorized(connect));
    await limited(steps[step.do](step));
  }
  if (client) await limited(disconnect());
}

try {
  await run();
  process.exit(0);
} catch (error) {
  // How a text that may be the server's is shown is the application's business: inert.
  console.error(`${error.name}: ${error.message}`.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 300));
  process.exit(1);
}
