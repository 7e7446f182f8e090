create table dashboards (
    id text primary key,
    workspace_id text not null references workspaces (id),
    slug text not null,
    title text not null,
    description text not null,
    spec text not null,
    revision integer not null,
    updated_at integer not null,
    updated_by text,
    saved_by_tool integer not null,
    unique (workspace_id, slug)
) strict;

create index dashboards_by_update on dashboards (workspace_id, updated_at desc, id);

-- A key that a caller sent with a save, and what the save answered.
create table save_keys (
    grant_id text not null references grants (id),
    key text not null,
    digest blob not null,
    answer text not null,
    created_at integer not null,
    primary key (grant_id, key)
) strict, without rowid;

create table source_documents (
    workspace_id text not null references workspaces (id),
    id text not null,
    source_id text not null,
    source_name text not null,
    title text not null,
    summary text not null,
    event_count integer not null,
    repository text,
    commit_sha text,
    generated_at integer not null,
    stale integer not null,
    markdown text not null,
    primary key (workspace_id, id)
) strict;

create index source_documents_by_name on source_documents (workspace_id, source_name, id);
