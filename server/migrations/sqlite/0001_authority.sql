-- People, workspaces and everything that the authority decides about.
-- Times are milliseconds since the Unix epoch by this database's clock. Secrets are digests. Nothing is deleted by cascade.

create table users (
    id           text primary key,
    email        text not null unique,
    display_name text not null,
    password     text not null,
    created_at   integer not null,
    disabled_at  integer
) strict;

create table workspaces (
    id         text primary key,
    slug       text not null unique,
    name       text not null,
    created_at integer not null
) strict;

create table memberships (
    workspace_id text not null references workspaces (id),
    user_id      text not null references users (id),
    role         text not null check (role in ('owner', 'admin', 'member')),
    created_at   integer not null,
    primary key (workspace_id, user_id)
) strict;

create index memberships_by_user on memberships (user_id);

create table sessions (
    digest     blob primary key,
    user_id    text not null references users (id),
    created_at integer not null,
    seen_at    integer not null
) strict;

create table clients (
    id            text primary key,
    name          text not null,
    redirect_uris text not null,
    auth_method   text not null,
    secret        blob,
    grant_types   text not null,
    scopes        text not null,
    created_at    integer not null,
    deleted_at    integer,
    -- The member who registered it; null when it registered itself.
    registered_by text references users (id)
) strict;

create table authorization_requests (
    id               text primary key,
    session          blob not null,
    client_id        text not null references clients (id),
    redirect_uri     text not null,
    scopes           text not null,
    resource         text not null,
    challenge        text,
    challenge_method text not null,
    state            text,
    expires_at       integer not null,
    decided_at       integer
) strict;

create index authorization_requests_by_client on authorization_requests (client_id);

-- The unit of revocation: a token is valid only while its grant is.
create table grants (
    id             text primary key,
    user_id        text not null references users (id),
    workspace_id   text not null references workspaces (id),
    client_id      text references clients (id),
    kind           text not null check (kind in ('oauth', 'programmatic')),
    name           text not null,
    scopes         text not null,
    resource       text,
    created_at     integer not null,
    expires_at     integer,
    revoked_at     integer,
    revoked_reason text,
    last_used_at   integer
) strict;

create index grants_by_workspace on grants (workspace_id, created_at);
create index grants_by_client on grants (client_id, user_id);

create table codes (
    digest           blob primary key,
    grant_id         text not null references grants (id),
    client_id        text not null,
    redirect_uri     text not null,
    challenge        text,
    challenge_method text not null,
    expires_at       integer not null,
    used_at          integer
) strict;

create table tokens (
    digest        blob primary key,
    kind          text not null check (kind in ('access', 'refresh', 'programmatic')),
    grant_id      text not null references grants (id),
    generation    integer not null,
    scopes        text not null,
    hint          text not null,
    created_at    integer not null,
    expires_at    integer,
    superseded_at integer,
    revoked_at    integer
) strict;

create index tokens_by_grant on tokens (grant_id);
