-- What a server that people can trust keeps besides: which root key a digest was made with, an audit log that only grows, how people sign in,
-- and what was read of client metadata documents.

alter table tokens add column kid bigint not null default 1;
alter table codes add column kid bigint not null default 1;
alter table sessions add column kid bigint not null default 1;
alter table clients add column secret_kid bigint not null default 1;

-- The name of a session in the list of its person; never a credential.
alter table sessions add column id text collate "C" not null default '';
-- What the browser called itself at sign-in.
alter table sessions add column label text collate "C" not null default '';

alter table users add column password_changed_at bigint not null default 0;

-- A link that lets its holder choose a password, once.
create table setup_links (
    digest     bytea primary key,
    kid        bigint not null default 1,
    user_id    text collate "C" not null references users (id),
    created_at bigint not null,
    expires_at bigint not null,
    used_at    bigint
);

create index setup_links_by_user on setup_links (user_id);

-- Who a person is at an OpenID provider.
create table identities (
    issuer     text collate "C" not null,
    subject    text collate "C" not null,
    user_id    text collate "C" not null references users (id),
    created_at bigint not null,
    primary key (issuer, subject)
);

-- A sign-in at an OpenID provider that has not come back yet.
create table upstream_sign_ins (
    state      bytea primary key,
    -- The digest of the cookie of the browser that began it.
    browser    bytea not null,
    nonce      text collate "C" not null,
    verifier   text collate "C" not null,
    return_to  text collate "C" not null,
    expires_at bigint not null
);

-- Failed sign-ins, by a digest of account and network; known and unknown accounts alike.
create table sign_in_failures (
    key      bytea primary key,
    failures bigint not null,
    last_at  bigint not null
);

-- For a client whose identifier is the address of its metadata document: until when what was read of it holds.
alter table clients add column document_fresh_until bigint;

-- Every step of every flow, also the refused ones, without secrets. Rows are added and never changed.
create table audit_events (
    id           bigint generated always as identity primary key,
    at           bigint not null,
    event        text collate "C" not null,
    outcome      text collate "C" not null,
    reason       text collate "C" not null,
    user_id      text collate "C",
    workspace_id text collate "C",
    client_id    text collate "C",
    grant_id     text collate "C",
    address      text collate "C" not null,
    detail       text collate "C" not null
);

create index audit_events_by_time on audit_events (at);

create function refuse_change_of_audit_events() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log only grows';
end
$$;

create trigger audit_events_are_never_changed before update or delete or truncate on audit_events
for each statement execute function refuse_change_of_audit_events();
