-- People, workspaces and everything that the authority decides about.
-- Times are milliseconds since the Unix epoch by this database's clock. Secrets are digests. Nothing is deleted by cascade.

create table users (
    id           text collate "C" primary key,
    email        text collate "C" not null unique,
    display_name text collate "C" not null,
    password     text collate "C" not null,
    created_at   bigint not null,
    disabled_at  bigint
);

create table workspaces (
    id         text collate "C" primary key,
    slug       text collate "C" not null unique,
    name       text collate "C" not null,
    created_at bigint not null
);

create table memberships (
    workspace_id text collate "C" not null references workspaces (id),
    user_id      text collate "C" not null references users (id),
    role         text collate "C" not null check (role in ('owner', 'admin', 'member')),
    created_at   bigint not null,
    primary key (workspace_id, user_id)
);

create index memberships_by_user on memberships (user_id);

create table sessions (
    digest     bytea primary key,
    user_id    text collate "C" not null references users (id),
    created_at bigint not null,
    seen_at    bigint not null
);

create table clients (
    id            text collate "C" primary key,
    name          text collate "C" not null,
    redirect_uris text collate "C" not null,
    auth_method   text collate "C" not null,
    secret        bytea,
    grant_types   text collate "C" not null,
    scopes        text collate "C" not null,
    created_at    bigint not null,
    deleted_at    bigint,
    -- The member who registered it; null when it registered itself.
    registered_by text collate "C" references users (id)
);

create table authorization_requests (
    id               text collate "C" primary key,
    session          bytea not null,
    client_id        text collate "C" not null references clients (id),
    redirect_uri     text collate "C" not null,
    scopes           text collate "C" not null,
    resource         text collate "C" not null,
    challenge        text collate "C",
    challenge_method text collate "C" not null,
    state            text collate "C",
    expires_at       bigint not null,
    decided_at       bigint
);

create index authorization_requests_by_client on authorization_requests (client_id);

-- The unit of revocation: a token is valid only while its grant is.
create table grants (
    id             text collate "C" primary key,
    user_id        text collate "C" not null references users (id),
    workspace_id   text collate "C" not null references workspaces (id),
    client_id      text collate "C" references clients (id),
    kind           text collate "C" not null check (kind in ('oauth', 'programmatic')),
    name           text collate "C" not null,
    scopes         text collate "C" not null,
    resource       text collate "C",
    created_at     bigint not null,
    expires_at     bigint,
    revoked_at     bigint,
    revoked_reason text collate "C",
    last_used_at   bigint,
    -- Grows with every row; times can be equal.
    made           bigint generated always as identity
);

create index grants_by_workspace on grants (workspace_id, created_at);
create index grants_by_client on grants (client_id, user_id);

create table codes (
    digest           bytea primary key,
    grant_id         text collate "C" not null references grants (id),
    client_id        text collate "C" not null,
    redirect_uri     text collate "C" not null,
    challenge        text collate "C",
    challenge_method text collate "C" not null,
    expires_at       bigint not null,
    used_at          bigint
);

create table tokens (
    digest        bytea primary key,
    kind          text collate "C" not null check (kind in ('access', 'refresh', 'programmatic')),
    grant_id      text collate "C" not null references grants (id),
    generation    bigint not null,
    scopes        text collate "C" not null,
    hint          text collate "C" not null,
    created_at    bigint not null,
    expires_at    bigint,
    superseded_at bigint,
    revoked_at    bigint
);

create index tokens_by_grant on tokens (grant_id);
