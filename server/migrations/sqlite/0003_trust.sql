-- What a server that people can trust keeps besides: which root key a digest was made with, an audit log that only grows, how people sign in,
-- and what was read of client metadata documents.

alter table tokens add column kid integer not null default 1;
alter table codes add column kid integer not null default 1;
alter table sessions add column kid integer not null default 1;
alter table clients add column secret_kid integer not null default 1;

-- The name of a session in the list of its person; never a credential.
alter table sessions add column id text not null default '';
-- What the browser called itself at sign-in.
alter table sessions add column label text not null default '';

alter table users add column password_changed_at integer not null default 0;

-- A link that lets its holder choose a password, once.
create table setup_links (
    digest     blob primary key,
    kid        integer not null default 1,
    user_id    text not null references users (id),
    created_at integer not null,
    expires_at integer not null,
    used_at    integer
) strict;

create index setup_links_by_user on setup_links (user_id);

-- Who a person is at an OpenID provider.
create table identities (
    issuer     text not null,
    subject    text not null,
    user_id    text not null references users (id),
    created_at integer not null,
    primary key (issuer, subject)
) strict;

-- A sign-in at an OpenID provider that has not come back yet.
create table upstream_sign_ins (
    state      blob primary key,
    -- The digest of the cookie of the browser that began it.
    browser    blob not null,
    nonce      text not null,
    verifier   text not null,
    return_to  text not null,
    expires_at integer not null
) strict;

-- Failed sign-ins, by a digest of account and network; known and unknown accounts alike.
create table sign_in_failures (
    key      blob primary key,
    failures integer not null,
    last_at  integer not null
) strict;

-- For a client whose identifier is the address of its metadata document: until when what was read of it holds.
alter table clients add column document_fresh_until integer;

-- Every step of every flow, also the refused ones, without secrets. Rows are added and never changed.
create table audit_events (
    id           integer primary key autoincrement,
    at           integer not null,
    event        text not null,
    outcome      text not null,
    reason       text not null,
    user_id      text,
    workspace_id text,
    client_id    text,
    grant_id     text,
    address      text not null,
    detail       text not null
) strict;

create index audit_events_by_time on audit_events (at);

create trigger audit_events_are_never_changed before update on audit_events
begin
    select raise(abort, 'the audit log only grows');
end;

create trigger audit_events_are_never_removed before delete on audit_events
begin
    select raise(abort, 'the audit log only grows');
end;
